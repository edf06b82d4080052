"""What becomes of payments, over a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from actors.messages.people import GetHeldReport, GetPayment, GetPayments, GetProcessors, RetryParked, RetryPayment
from actors.reports import PaymentsPage, RetryAnswer, RetryResult
from tests.support.samples import HELD, PAYMENT, PAYMENT_ID, PROCESSORS

if TYPE_CHECKING:
    from tests.api.conftest import Api, FakeGateway

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
CARD = {
    "correlationId": ID,
    "amount_cents": 1990,
    "state": "unknown",
    "taken_ms": 1_764_144_000_123,
    "since_ms": 1_764_144_001_000,
    "processor": "default",
    "requested_at_ms": 1_764_144_000_125,
    "why": "default gave no answer within 10 s",
    "next": "it is looked up there again",
    "next_ms": None,
    "attempts": [
        {
            "number": 1,
            "step": "post",
            "processor": "default",
            "at_ms": 1_764_144_000_125,
            "took_ms": 10_000.0,
            "outcome": "unknown",
            "reason": "no answer within 10 s",
        }
    ],
    "attempts_made": 3,
}


async def get(api: Api, path: str, status: int = 200) -> Any:
    async with api.client.get(path) as response:
        assert response.status == status
        return await response.json()


@pytest.mark.parametrize("written", [ID, ID.upper(), ID.replace("-", "")])
async def test_a_payment_is_found_by_its_id(api: Api, gateway: FakeGateway, written: str) -> None:
    gateway.answer = (PAYMENT,)
    assert await get(api, f"/payments/{written}") == CARD
    assert gateway.asked == [GetPayment(PAYMENT_ID.hex())]


async def test_a_payment_is_found_by_how_its_id_begins_and_several_are_listed(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = (PAYMENT,)
    assert await get(api, "/payments/4a7901b8-7") == CARD
    gateway.answer = (PAYMENT, PAYMENT)
    assert await get(api, "/payments/4A7901") == {"payments": [CARD, CARD], "total": 2}
    assert gateway.asked == [GetPayment("4a7901b87"), GetPayment("4a7901")]


@pytest.mark.parametrize("path", [f"/payments/{ID}", "/payments/4a7901"])
async def test_an_unknown_id_is_404_with_what_that_may_mean(api: Api, gateway: FakeGateway, path: str) -> None:
    gateway.answer = ()
    document = await get(api, path, 404)
    assert document["type"] == "/problems/unknown-payment"
    for cause in ("never posted", "purged", "without a journal"):
        assert cause in document["detail"]


@pytest.mark.parametrize("part", ["4a790", "unknown", "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3a", "zz7901"])
async def test_what_is_no_id_is_400_with_the_value(api: Api, gateway: FakeGateway, part: str) -> None:
    document = await get(api, f"/payments/{part}", 400)
    (error,) = document["errors"]
    assert (error["field"], error["value"]) == ("correlationId", part)
    assert gateway.asked == []


async def test_payments_are_listed_by_state_page_by_page(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = PaymentsPage((PAYMENT,), 7, "17")
    page = {"payments": [CARD], "total": 7, "after": "17"}
    assert await get(api, "/payments?state=unknown&limit=1&after=3") == page
    gateway.answer = PaymentsPage((), 0, "")
    assert await get(api, "/payments") == {"payments": [], "total": 0, "after": None}
    assert gateway.asked == [GetPayments("unknown", 1, "3"), GetPayments()]


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ("state=parkd", "state", "must be one of waiting, in_flight, unknown, parked"),
        ("limit=0", "limit", "must be a whole number from 1 to 1000"),
        ("limit=1001", "limit", "must be a whole number from 1 to 1000"),
        ("limit=ten", "limit", "must be a whole number from 1 to 1000"),
        ("limit=1&limit=2", "limit", "must be given at most once, not 2 times"),
        ("stat=parked", "stat", "is no parameter; did you mean state?"),
    ],
)
async def test_wrong_parameters_are_named_with_their_value(
    api: Api, gateway: FakeGateway, query: str, field: str, reason: str
) -> None:
    document = await get(api, f"/payments?{query}", 400)
    assert document["type"] == "/problems/invalid-request"
    value = query.rpartition("=")[2]
    assert document["errors"] == [{"field": field, "value": value, "reason": reason}]
    assert gateway.asked == []


async def test_whether_payments_wait_and_why(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = HELD
    assert await get(api, "/held") == {
        "counts": {"waiting": 3, "unknown": 1},
        "backlog_max": 100_000,
        "oldest_ms": 1_764_144_000_123,
        "why": "both fail",
        "next": "probes go on",
        "drained_ms": None,
        "drained_s": None,
        "drained_payments": 0,
    }
    assert gateway.asked == [GetHeldReport()]


async def test_how_the_processors_are(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = PROCESSORS
    document = await get(api, "/processors")
    default, fallback = document["processors"]
    assert (default["latency_ms"], default["latency_from"], default["last_failure"]) == (1.2, "payments", None)
    assert (fallback["latency_ms"], fallback["latency_from"], fallback["since_ms"]) == (None, None, None)
    assert document["routing"]["reason"] == "only-healthy"
    assert gateway.asked == [GetProcessors()]


async def test_one_parked_payment_is_tried_again(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = RetryAnswer(RetryResult.RETRIED, "It is sent at once.")
    async with api.client.post(f"/payments/{ID.replace('-', '')}/retry") as response:
        assert response.status == 200
        assert await response.json() == {"correlationId": ID, "result": "retried", "why": "It is sent at once."}
    assert gateway.asked == [RetryPayment(PAYMENT_ID)]


@pytest.mark.parametrize(
    ("result", "status", "kind"),
    [(RetryResult.NO_PAYMENT, 404, "unknown-payment"), (RetryResult.NOT_PARKED, 409, "not-parked")],
)
async def test_what_is_not_parked_is_not_tried_again(
    api: Api, gateway: FakeGateway, result: RetryResult, status: int, kind: str
) -> None:
    gateway.answer = RetryAnswer(result, "It is settled.")
    async with api.client.post(f"/payments/{ID}/retry") as response:
        document = await response.json()
        assert response.status == status
    assert (document["type"], document["detail"]) == (f"/problems/{kind}", "It is settled.")


async def test_nothing_is_tried_again_by_the_beginning_of_an_id(api: Api, gateway: FakeGateway) -> None:
    async with api.client.post("/payments/4a7901/retry") as response:
        assert response.status == 400
        assert "whole UUID" in (await response.json())["errors"][0]["reason"]
    assert gateway.asked == []


async def test_all_parked_payments_are_tried_again(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = 3
    async with api.client.post("/parked/retry") as response:
        assert await response.json() == {"retried": 3}
    assert gateway.asked == [RetryParked()]


@pytest.mark.parametrize("path", [f"/payments/{ID}/retry", "/parked/retry"])
async def test_a_page_of_another_site_lets_nothing_go(api: Api, gateway: FakeGateway, path: str) -> None:
    async with api.client.post(path, headers={"Sec-Fetch-Site": "cross-site"}) as response:
        assert response.status == 403
    assert gateway.asked == []
