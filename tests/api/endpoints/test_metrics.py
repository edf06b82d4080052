"""``GET /metrics`` over a real socket."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from rinha.bridge.errors import NoCredit, NoCreditReason, RequestFailed, RequestTimeout, WorkerUnavailable
from rinha.bridge.protocol.wire.own_questions import GetMetrics
from tests.metrics.text import samples
from tests.support.samples import METRICS

if TYPE_CHECKING:
    from tests.api.conftest import Api, FakeGateway, StartApi

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"


async def scrape(api: Api) -> dict[str, float]:
    async with api.client.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return samples(await response.text())


async def test_any_api_gives_the_whole_system(api: Api, gateway: FakeGateway) -> None:
    gateway.answer = METRICS
    found = await scrape(api)
    assert gateway.asked == [GetMetrics()]
    assert {each for each in found if each.startswith("rinha_payments_accepted")} == {
        'rinha_payments_accepted_total{api="api-1"}',
        'rinha_payments_accepted_total{api="api-2"}',
    }
    assert "rinha.metrics.render" in sys.modules


@pytest.mark.parametrize("error", [WorkerUnavailable("no session"), RequestTimeout(3.0), RequestFailed("nothing")])
async def test_without_the_worker_it_gives_this_apis_figures(api: Api, gateway: FakeGateway, error: Exception) -> None:
    async with api.client.post("/payments", json={"correlationId": ID, "amount": 19.9}) as response:
        assert response.status == 202
    gateway.verdict = NoCredit(NoCreditReason.WORKER_AWAY)
    async with api.client.post("/payments", json={"correlationId": ID, "amount": 19.9}) as response:
        assert response.status == 503
    gateway.answer = error
    found = await scrape(api)
    assert found["rinha_worker_up"] == 0
    assert found['rinha_payments_accepted_total{api="api-1"}'] == 1
    assert found['rinha_payments_refused_total{api="api-1",reason="worker_away"}'] == 1
    assert found['rinha_payments_refused_total{api="api-1",reason="full"}'] == 0


async def test_it_takes_the_administrators_token(start_api: StartApi, gateway: FakeGateway) -> None:
    gateway.answer = METRICS
    api = await start_api(admin_token="sixteen-characters")
    async with api.client.get("/metrics") as response:
        assert response.status == 401
    async with api.client.get("/metrics", headers={"Authorization": "Bearer sixteen-characters"}) as response:
        assert response.status == 200


async def test_there_are_none_where_it_is_off(start_api: StartApi) -> None:
    api = await start_api(dashboard=False)
    async with api.client.get("/metrics") as response:
        assert response.status == 404


async def test_it_has_no_parameters(api: Api) -> None:
    async with api.client.get("/metrics?name=x") as response:
        assert response.status == 400
