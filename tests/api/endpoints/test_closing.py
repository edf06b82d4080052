"""Payments in doubt over a real socket: which there are, and a person's word on how one of them ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession, UnixConnector, web

from actors.messages.people import Close
from actors.reports import CloseAnswer, CloseResult
from actors.tracing import Tracer
from rinha.api.app import make_server
from rinha.bridge.errors import RequestFailed, RequestTimeout, WorkerUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Api, FakeGateway, StartApi

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
ID_BYTES = bytes.fromhex(ID.replace("-", ""))
SETTLED = {"processor": "default", "requestedAt": "2025-07-15T12:34:56.789Z", "amountCents": 1990}
WHO = {"by": "Ada", "reason": "seen in default's books"}
TOKEN = {"Authorization": "Bearer token"}


@pytest.fixture
async def api(start_api: StartApi) -> Api:
    return await start_api(admin_token="token")


async def say(api: Api, ending: str, body: Any, *, payment_id: str = ID) -> tuple[int, dict[str, str], dict[str, Any]]:
    path = f"/payments/{payment_id}/{ending}"
    async with api.client.post(path, json=body, headers=TOKEN) as response:
        return response.status, dict(response.headers), await response.json()


async def test_it_is_said_to_be_settled(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = CloseAnswer(CloseResult.CLOSED)
    status, _, document = await say(api, "settled", SETTLED | WHO, payment_id=ID.upper())
    assert (status, document) == (200, {"status": "settled", "correlationId": ID})
    order = Close(ID_BYTES, "default", 1990, 1_752_582_896_789, "Ada (127.0.0.1)", "seen in default's books")
    assert gateway.asked == [order]


@pytest.mark.parametrize(("body", "by"), [({}, "(127.0.0.1)"), ({"by": "Ada"}, "Ada (127.0.0.1)"), (SETTLED, None)])
async def test_it_is_said_not_to_be_settled(
    api: Api, gateway: FakeGateway, body: dict[str, object], by: str | None
) -> None:
    gateway.answer = CloseAnswer(CloseResult.CLOSED)
    status, _, document = await say(api, "not-settled", body)
    assert (status, document) == (200, {"status": "written_off", "correlationId": ID})
    assert gateway.asked == [Close(ID_BYTES, "", 0, 0, by or "(127.0.0.1)", "")]


@pytest.mark.parametrize(
    ("forwarded", "by"), [("10.0.0.7", "(10.0.0.7)"), ("x" * 99, f"({'x' * 60})"), (None, "nobody named")]
)
async def test_behind_a_balancer_the_address_is_the_one_that_it_names(
    gateway: FakeGateway, tmp_path: Path, forwarded: str | None, by: str
) -> None:
    gateway.answer = CloseAnswer(CloseResult.CLOSED)
    server = make_server(gateway, accept="received", name="api-1", tracer=Tracer(), admin_token="token")
    runner = web.ServerRunner(server, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(tmp_path / "api")).start()
        async with ClientSession(connector=UnixConnector(str(tmp_path / "api"))) as client:
            headers = TOKEN | ({} if forwarded is None else {"X-Forwarded-For": forwarded})
            async with client.post(f"http://api/payments/{ID}/not-settled", headers=headers) as response:
                assert response.status == 200
    finally:
        await runner.cleanup()
    assert gateway.asked == [Close(ID_BYTES, "", 0, 0, by, "")]


async def test_over_tcp_nobody_is_believed_who_names_another_address(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = CloseAnswer(CloseResult.CLOSED)
    headers = TOKEN | {"X-Forwarded-For": "10.0.0.7"}
    async with api.client.post(f"/payments/{ID}/not-settled", headers=headers) as response:
        assert response.status == 200
    assert gateway.asked == [Close(ID_BYTES, "", 0, 0, "(127.0.0.1)", "")]


async def test_that_needs_no_body(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = CloseAnswer(CloseResult.CLOSED)
    async with api.client.post(f"/payments/{ID}/not-settled", headers=TOKEN) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("result", "status", "kind"),
    [
        (CloseResult.NO_PAYMENT, 404, "unknown-payment"),
        (CloseResult.NO_PROCESSOR, 400, "invalid-closing"),
        (CloseResult.UNDER_WAY, 409, "not-closed"),
        (CloseResult.TOO_SOON, 409, "not-closed"),
        (CloseResult.WAITS, 409, "not-closed"),
        (CloseResult.SETTLED, 409, "not-closed"),
        (CloseResult.WRITTEN_OFF, 409, "written-off"),
    ],
)
@pytest.mark.parametrize("ending", ["settled", "not-settled"])
async def test_why_it_is_not_closed(
    api: Api, gateway: FakeGateway, result: CloseResult, status: int, kind: str, ending: str
) -> None:
    gateway.answer = CloseAnswer(result)
    given, headers, document = await say(api, ending, SETTLED)
    assert (given, document["type"], document["correlationId"]) == (status, f"/problems/{kind}", ID)
    assert "Retry-After" not in headers


async def test_when_it_is_too_early_it_says_when_it_is_not(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = CloseAnswer(CloseResult.TOO_SOON, 4.2)
    status, headers, document = await say(api, "not-settled", {})
    assert (status, headers["Retry-After"]) == (409, "5")
    assert "in 5 s" in document["detail"]


@pytest.mark.parametrize(
    ("ending", "payment_id", "body", "fields"),
    [
        ("settled", ID, {}, ["processor", "amountCents", "requestedAt"]),
        ("settled", ID, SETTLED | {"processor": ""}, ["processor"]),
        ("settled", ID, SETTLED | {"processor": None}, ["processor"]),
        ("settled", ID, SETTLED | {"amountCents": 0}, ["amountCents"]),
        ("settled", ID, SETTLED | {"amountCents": 19.9}, ["amountCents"]),
        ("settled", ID, SETTLED | {"amountCents": True}, ["amountCents"]),
        ("settled", ID, SETTLED | {"amountCents": 1_000_000_001}, ["amountCents"]),
        ("settled", ID, SETTLED | {"requestedAt": "yesterday"}, ["requestedAt"]),
        ("settled", ID, SETTLED | {"requestedAt": 1_752_582_896_789}, ["requestedAt"]),
        ("settled", "x", SETTLED, ["correlationId"]),
        ("not-settled", "x", {}, ["correlationId"]),
        ("not-settled", ID, [], ["body"]),
        ("not-settled", ID, {"by": 1, "reason": "x" * 401}, ["by", "reason"]),
        ("not-settled", ID, {"reason": "two\nlines"}, ["reason"]),
    ],
)
async def test_what_is_wrong_is_named_field_by_field(
    api: Api, gateway: FakeGateway, ending: str, payment_id: str, body: object, fields: list[str]
) -> None:
    status, _, document = await say(api, ending, body, payment_id=payment_id)
    assert (status, document["type"]) == (400, "/problems/invalid-closing")
    assert [each["field"] for each in document["errors"]] == fields
    assert gateway.asked == []


@pytest.mark.parametrize("body", [b"", b"{"])
async def test_a_body_that_is_none_is_named(api: Api, body: bytes) -> None:
    async with api.client.post(f"/payments/{ID}/settled", data=body, headers=TOKEN) as response:
        assert response.status == 400
        assert [each["field"] for each in (await response.json())["errors"]] == ["body"]


async def test_a_body_that_is_too_large_is_refused(api: Api, gateway: FakeGateway) -> None:
    async with api.client.post(f"/payments/{ID}/settled", data=b" " * 5000, headers=TOKEN) as response:
        assert response.status == 413
    assert gateway.asked == []


@pytest.mark.parametrize(
    ("error", "status"), [(WorkerUnavailable("gone"), 503), (RequestTimeout(5.0), 504), (RequestFailed("a bug"), 502)]
)
async def test_without_the_workers_answer_it_may_be_done_or_not(
    api: Api, gateway: FakeGateway, error: Exception, status: int
) -> None:
    gateway.answer = error
    given, _, document = await say(api, "not-settled", {})
    assert given == status
    assert "say the same again is safe" in document["detail"]
