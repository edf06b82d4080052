"""A page of another site can neither pay nor purge; ours, and what is no page, can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from actors.messages.people import GetStatistics
from rinha.api.cross_site import is_cross_site
from rinha.bridge.protocol.wire.own_questions import GetFigures
from rinha.bridge.protocol.wire.processes import AllReports
from tests.support.samples import STATISTICS

if TYPE_CHECKING:
    from tests.api.conftest import FakeGateway, StartApi

ACTING = [("POST", "/payments"), ("POST", "/purge-payments"), ("DELETE", "/purge-payments")]
PAYMENT = '{"correlationId": "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3", "amount": 19.90}'
TEXT = {"Content-Type": "text/plain", "Authorization": "Bearer token"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://other"},
        {"Origin": "http://pay.example", "Host": "pay.example"},
        {"Origin": "http://PAY.example:9999", "Host": "pay.EXAMPLE:9999"},
        {"Origin": "http://pay.example", "Host": "pay.example:80"},
        {"Origin": "https://pay.example", "Host": "pay.example"},
        {"Origin": "https://pay.example", "Host": "pay.example:443"},
        {"Origin": "http://[::1]:9999", "Host": "[0::1]:9999"},
    ],
)
def test_what_no_page_sent_and_what_a_page_of_ours_did_is_taken(headers: dict[str, str]) -> None:
    assert not is_cross_site(CIMultiDict(headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://pay.example", "Host": "pay.example"},
        {"sec-fetch-site": "cross-site"},
        {"Origin": "null", "Host": "pay.example"},
        {"Origin": "null", "Host": "null"},
        {"Origin": "", "Host": "pay.example"},
        {"Origin": "", "Host": ""},
        {"Origin": "http://evil.example", "Host": "pay.example"},
        {"Origin": "http://pay.example:8080", "Host": "pay.example:9999"},
        {"Origin": "http://pay.example", "Host": "pay.example:9999"},
        {"Origin": "http://pay.example:9999", "Host": "pay.example"},
        {"Origin": "https://pay.example", "Host": "pay.example:80"},
        {"Origin": "http://pay.example.evil.example", "Host": "pay.example"},
        {"Origin": "http://pay.example@evil.example", "Host": "pay.example"},
        {"Origin": "http://pay.example"},
        {"Origin": "pay.example", "Host": "pay.example"},
    ],
)
def test_what_a_page_of_another_site_sent_is_not(headers: dict[str, str]) -> None:
    assert is_cross_site(CIMultiDict(headers))


@given(origin=st.text(max_size=30), host=st.text(max_size=30))
def test_no_text_makes_it_fail(origin: str, host: str) -> None:
    assert is_cross_site(CIMultiDict({"Origin": origin, "Host": host})) in {True, False}


@pytest.mark.parametrize("token", ["", "token"])
@pytest.mark.parametrize(("method", "path"), ACTING)
async def test_nothing_happens_for_another_site_s_page_with_or_without_a_token(
    start_api: StartApi, gateway: FakeGateway, method: str, path: str, token: str
) -> None:
    api = await start_api(admin_token=token)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        async with api.client.request(method, path, headers={**TEXT, **headers}, data=PAYMENT) as response:
            problem = await response.json()
        assert (response.status, problem["type"]) == (403, "/problems/cross-site")
        assert "Access-Control-Allow-Origin" not in response.headers
    assert gateway.asked == gateway.submitted == gateway.posted == []


@pytest.mark.parametrize(("method", "path"), ACTING)
async def test_a_page_of_the_same_origin_may_act(
    start_api: StartApi, gateway: FakeGateway, method: str, path: str
) -> None:
    gateway.answer = 1
    api = await start_api(admin_token="token")
    own = f"http://127.0.0.1:{api.port}"
    for headers in ({}, {"Sec-Fetch-Site": "same-origin", "Origin": own}, {"Origin": own}):
        async with api.client.request(method, path, headers={**TEXT, **headers}, data=PAYMENT) as response:
            assert response.status in {200, 202}


async def test_reading_is_left_to_the_browser_which_lets_no_other_page_see_an_answer(
    start_api: StartApi, gateway: FakeGateway
) -> None:
    gateway.answers = {GetStatistics: STATISTICS, GetFigures: AllReports(())}
    api = await start_api()
    async with api.client.get("/statistics", headers={"Sec-Fetch-Site": "cross-site"}) as response:
        assert response.status == 200
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_the_rest_of_a_body_that_is_not_read_does_not_become_the_next_request(start_api: StartApi) -> None:
    api = await start_api()
    for _ in range(3):
        async with api.client.post("/payments", headers={"Origin": "null"}, data=b"x" * 3000) as response:
            assert response.status == 403
    async with api.client.post("/payments", data=PAYMENT) as response:
        assert response.status == 202
