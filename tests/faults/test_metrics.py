"""Metrics of a real system: they move, they are the same at any API, and a restarted API doesn't make them fall."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.metrics.text import ROOT, names, names_in, promtool, samples
from tests.support.client import Setting

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

PARKED_IN_BOTH = {"kind": "status", "status": 400}
STILL = {"rinha_build_info", "rinha_worker_up", "rinha_actor_restarts_total", "rinha_dead_letters_total"}
"""What doesn't move while nothing crashes."""
TOO_SHORT = {"rinha_actor_mailbox_messages"}
"""What may be the same at any two instants."""


async def scrape(lab: Lab, api: int = 0) -> str:
    async with lab.session.get(f"{lab.urls[api]}/metrics") as response:
        assert response.status == 200
        return await response.text()


async def until(lab: Lab, condition: Callable[[dict[str, float]], object], api: int = 0) -> dict[str, float]:
    found = {}
    try:
        async with asyncio.timeout(15):
            while True:
                found = samples(await scrape(lab, api))
                if condition(found):
                    return found
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(found) from None


def total(found: dict[str, float], name: str, label: str = "") -> float:
    return sum(value for series, value in found.items() if series.partition("{")[0] == name and label in series)


async def test_every_metric_of_alerts_and_dashboard_moves(run_lab: RunLab, durable: dict[str, str]) -> None:
    wanted = names_in((ROOT / "config" / "alerts.yml").read_text())
    wanted |= names_in((ROOT / "config" / "grafana" / "dashboard.json").read_text())
    async with run_lab(apis=1, RINHA_BACKLOG_MAX="40", **durable) as lab:
        first = samples(await scrape(lab))
        moved: set[str] = set()

        async def note() -> None:
            found = samples(await scrape(lab))
            moved.update(series.partition("{")[0] for series, value in found.items() if first.get(series) != value)

        await asyncio.gather(*(lab.load.post(0) for _ in range(8)))
        await lab.settle()
        await until(lab, lambda found: total(found, "rinha_payments_settled_total") == 8)
        await note()
        await lab.arm("default", PARKED_IN_BOTH)
        await lab.arm("fallback", PARKED_IN_BOTH)
        await lab.load.post(0)
        await until(lab, lambda found: total(found, "rinha_payments", "parked") == 1)
        await note()
        await lab.arm("default")
        await lab.arm("fallback")
        await lab.set(default=Setting(0, failing=True), fallback=Setting(0, failing=True))
        await asyncio.gather(*(lab.load.post(0) for _ in range(60)))
        await until(lab, lambda found: total(found, "rinha_payments_refused_total") > 0)
        await until(lab, lambda found: total(found, "rinha_processor_up") == 0)
        await until(lab, lambda found: total(found, "rinha_processor_in_use") == 0)
        await note()
        text = await scrape(lab)
        assert wanted - names(text) == set()
        assert wanted - moved - STILL - TOO_SHORT == set()
    promtool("check", "metrics", text=text)


async def test_a_restarted_api_does_not_make_sums_fall(run_lab: RunLab) -> None:
    async with run_lab(apis=2) as lab:
        for number in range(20):
            assert await lab.load.post(number % 2) == 202
        await until(lab, lambda found: total(found, "rinha_payments_accepted_total") == 20, api=1)
        lab.kill(lab.apis[0])
        found = await until(lab, lambda found: 'rinha_bridge_credit{api="api-1"}' not in found, api=1)
        assert total(found, "rinha_payments_accepted_total", "api-1") == 10
        await asyncio.to_thread(lab.replace_api, 0)
        for _ in range(5):
            assert await lab.load.post(0) == 202
        for api in range(2):
            found = await until(lab, lambda found: total(found, "rinha_payments_accepted_total") == 25, api=api)
            assert found['rinha_payments_accepted_total{api="api-1"}'] == 15
            assert found['rinha_http_request_duration_seconds_count{api="api-1",status="202"}'] == 15


async def test_with_the_worker_gone_an_api_tells_of_itself(run_lab: RunLab) -> None:
    async with run_lab(apis=1) as lab:
        assert await lab.load.post(0) == 202
        lab.kill(lab.worker)
        found = await until(lab, lambda found: found["rinha_worker_up"] == 0)
        assert found['rinha_payments_accepted_total{api="api-1"}'] == 1
        assert await lab.load.post(0) == 503
        found = samples(await scrape(lab))
        assert found['rinha_payments_refused_total{api="api-1",reason="worker_away"}'] == 1
