"""Lists, beginnings of ids and whatever changes something need the administrator's token, if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from actors.messages.people import (
    GetHeldReport,
    GetPayment,
    GetPayments,
    GetProcessors,
    GetStatistics,
    RetryPayment,
)
from actors.reports import PaymentsPage, RetryAnswer, RetryResult
from rinha.bridge.protocol.wire.own_questions import GetEvents, GetFigures, GetHops
from rinha.bridge.protocol.wire.processes import AllEvents, AllHops, AllReports, ProcessHops
from tests.support.samples import HELD, PAYMENT, PROCESSORS, STATISTICS

if TYPE_CHECKING:
    from tests.api.conftest import FakeGateway, StartApi

GUARDED = [
    ("POST", "/purge-payments"),
    ("DELETE", "/purge-payments"),
    ("GET", "/statistics"),
    ("GET", "/payments"),
    ("GET", "/payments?state=parked"),
    ("GET", "/payments/4a7901"),
    ("POST", f"/payments/{UUID(int=1)}/retry"),
    ("POST", "/parked/retry"),
    ("GET", "/held"),
    ("GET", "/processors"),
    ("GET", "/events"),
    ("GET", "/traces?slowest=3"),
    ("GET", "/traces/4a7901"),
]
CLOSING = [("POST", f"/payments/{UUID(int=1)}/{ending}") for ending in ("settled", "not-settled")]
OPEN = [
    ("GET", "/payments-summary"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", f"/payments/{UUID(int=1)}"),
    ("GET", f"/payments/{UUID(int=1).hex}"),
    ("GET", f"/traces/{UUID(int=1)}"),
]
"""Who knows a whole id may ask for it."""
ANSWERS: dict[type, object] = {
    GetStatistics: STATISTICS,
    GetFigures: AllReports(()),
    GetEvents: AllEvents(()),
    GetHops: AllHops((ProcessHops("w", "00", "worker", [(1, 2, bytes(16), "parked", 0, "", None)]),)),
    GetPayment: (PAYMENT,),
    GetPayments: PaymentsPage((), 0, ""),
    GetHeldReport: HELD,
    GetProcessors: PROCESSORS,
    RetryPayment: RetryAnswer(RetryResult.RETRIED, "It is sent at once."),
}


@pytest.mark.parametrize(("method", "path"), [*GUARDED, *CLOSING])
@pytest.mark.parametrize("given", [None, "Bearer wrong", "Basic token", "token", "Bearer \u00fc"])
async def test_without_the_token_nothing_happens(
    start_api: StartApi, method: str, path: str, given: str | None
) -> None:
    api = await start_api(admin_token="token")
    headers = {} if given is None else {"Authorization": given}
    async with api.client.request(method, path, headers=headers) as response:
        problem = await response.json()
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
    assert problem["type"] == "/problems/unauthorized"


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize(("token", "headers"), [("token", {"Authorization": "Bearer token"}), ("", {})])
async def test_with_the_token_or_without_need_of_one(
    start_api: StartApi, gateway: FakeGateway, method: str, path: str, token: str, headers: dict[str, str]
) -> None:
    gateway.answer, gateway.answers = 1, ANSWERS
    api = await start_api(admin_token=token)
    async with api.client.request(method, path, headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize(("method", "path"), CLOSING)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Bearer token"}])
async def test_where_there_is_no_token_nobody_closes_payments(
    start_api: StartApi, gateway: FakeGateway, method: str, path: str, headers: dict[str, str]
) -> None:
    api = await start_api()
    async with api.client.request(method, path, headers=headers) as response:
        assert response.status == 403
        assert "RINHA_ADMIN_TOKEN" in (await response.json())["detail"]
    assert gateway.asked == []


@pytest.mark.parametrize(("method", "path"), OPEN)
async def test_what_clients_need_stays_open(start_api: StartApi, method: str, path: str) -> None:
    api = await start_api(admin_token="token")
    async with api.client.request(method, path) as response:
        assert response.status != 401
