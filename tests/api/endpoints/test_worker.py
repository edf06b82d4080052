"""The summary, the purge and the health over a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson
import pytest
from aiohttp import ClientTimeout
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from actors.messages.people import GetSummary, Purge
from actors.values import Totals
from rinha.bridge.errors import (
    JournalUnreadable,
    RequestFailed,
    RequestInterrupted,
    RequestTimeout,
    WorkerUnavailable,
)

if TYPE_CHECKING:
    from tests.api.conftest import Api, FakeGateway

BASE_MS = 1752582896000
"""2025-07-15T12:34:56Z."""
EMPTY = {"default": Totals(0, 0), "fallback": Totals(0, 0)}


async def test_a_summary_has_exact_cents_as_numbers(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = {"default": Totals(3, 5970), "fallback": Totals(16_750, 10**15 - 1)}
    async with api.client.get("/payments-summary") as response:
        assert response.status == 200
        assert response.headers["X-Served-By"] == "api-1"
        assert response.headers["Content-Type"] == "application/json"
        assert await response.read() == (
            b'{"default":{"totalRequests":3,"totalAmount":59.7},'
            b'"fallback":{"totalRequests":16750,"totalAmount":9999999999999.99}}'
        )
    assert gateway.asked == [GetSummary(None, None)]


@pytest.mark.parametrize(
    ("query", "window"),
    [
        ("from=2025-07-15T12:34:56.000Z&to=2025-07-15T12:34:56.999Z", GetSummary(BASE_MS, BASE_MS + 999)),
        ("from=2025-07-15T12:34:56.0001Z", GetSummary(BASE_MS + 1, None)),
        ("to=2025-07-15T12:34:56.0009Z", GetSummary(None, BASE_MS)),
        ("to=2025-07-15T15:34:56+03:00", GetSummary(None, BASE_MS)),
        ("to=2025-07-15T15%3A34%3A56%2B03%3A00", GetSummary(None, BASE_MS)),
        ("from=&to=", GetSummary(None, None)),
        ("to=", GetSummary(None, None)),
        ("from", GetSummary(None, None)),
        ("to=1969-12-31T23:59:59.5Z", GetSummary(None, -500)),
    ],
)
async def test_a_window_is_passed_on_in_milliseconds(
    api: Api, gateway: FakeGateway, query: str, window: GetSummary
) -> None:
    gateway.answer = EMPTY
    async with api.client.get(URL(f"/payments-summary?{query}", encoded=True)) as response:
        assert response.status == 200
    assert gateway.asked == [window]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("from=&from=", ["from"]),
        ("to=yesterday", ["to"]),
        ("frm=2025-07-15T12:34:56Z&page=1&page=2&to=x", ["frm", "page", "to"]),
        ("%ff=1", ["\ufffd"]),
        ("&".join(f"p{n}=" for n in range(1000)), [f"p{n}" for n in range(8)]),
        ("from=2025-07-15T12:34:56Z&from=2025-07-15T12:34:56Z", ["from"]),
        ("from=1&to=2", ["from", "to"]),
        ("to=%ff%fe", ["to"]),
        ("to=%ED%A0%80", ["to"]),
        ("to=%", ["to"]),
    ],
)
async def test_wrong_parameters_are_named(api: Api, gateway: FakeGateway, query: str, fields: list[str]) -> None:
    async with api.client.get(URL(f"/payments-summary?{query}", encoded=True)) as response:
        assert response.status == 400
        assert response.headers["Content-Type"] == "application/problem+json"
        document = orjson.loads(await response.read())
    assert document["type"] == "/problems/invalid-window"
    assert [error["field"] for error in document["errors"]] == fields
    assert gateway.asked == []


@given(query=st.text(max_size=200).map(quote) | st.binary(max_size=100).map(lambda raw: "to=" + quote(raw)))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_query_is_answered_with_a_500(api: Api, gateway: FakeGateway, query: str) -> None:
    gateway.answer = EMPTY
    async with api.client.get(URL(f"/payments-summary?{query}", encoded=True)) as response:
        assert response.status in (200, 400)


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_purge_answers_its_epoch(api: Api, gateway: FakeGateway, method: str) -> None:
    gateway.answer = 7
    async with api.client.request(method, "/purge-payments") as response:
        assert response.status == 200
        assert await response.json() == {"status": "purged", "epoch": 7}
    assert gateway.asked == [Purge()]


ASKING = [
    ("GET", "/payments-summary"),
    ("POST", "/purge-payments"),
    ("GET", "/held"),
    ("GET", "/processors"),
    ("GET", "/payments"),
    ("GET", "/payments/4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"),
    ("POST", "/payments/4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3/retry"),
    ("POST", "/parked/retry"),
]


@pytest.mark.parametrize(("method", "path"), ASKING)
@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (WorkerUnavailable("no session"), 503, "worker-unavailable"),
        (RequestInterrupted("it broke"), 504, "outcome-unknown"),
        (RequestTimeout(1.5), 504, "worker-timeout"),
        (RequestFailed("KeyError"), 502, "worker-failed"),
        (JournalUnreadable("the disk is gone"), 503, "journal-unreadable"),
    ],
)
async def test_a_worker_that_does_not_answer_is_a_gateway_error(
    api: Api, gateway: FakeGateway, method: str, path: str, error: Exception, status: int, kind: str
) -> None:
    gateway.answer = error
    async with api.client.request(method, path) as response:
        assert response.status == status
        document = orjson.loads(await response.read())
        assert ("Retry-After" in response.headers) == (status == 503)
    assert document["type"] == f"/problems/{kind}"
    assert ("safe" in document["detail"]) == (method == "POST")


async def test_live_whatever_the_worker_does_but_ready_only_with_a_session(api: Api, gateway: FakeGateway) -> None:
    for ready, status in ((True, 200), (False, 503)):
        gateway.ready = ready
        async with api.client.get("/health/live") as response:
            assert response.status == 200
        async with api.client.get("/health/ready") as response:
            assert response.status == status
            assert response.headers["X-Served-By"] == "api-1"
    gateway.ready = True


async def test_head_is_answered_like_get_without_a_body(api: Api) -> None:
    async with api.client.head("/health/live", timeout=ClientTimeout(5)) as response:
        assert response.status == 200
        assert response.headers["Content-Length"] == "17"
        assert await response.read() == b""
