"""Processors that are down, flap, hang, or lie about their health."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.client import Setting
from tests.support.levers import arm_faults
from tests.support.load import percentile_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

FAILING, SOUND = Setting(0, failing=True), Setting(0)
PROBES_MAX_PER_S = 10


async def count_probes(lab: Lab, seconds: float) -> dict[str, int]:
    """The most posts that each processor got within any second of so many."""
    history: list[tuple[float, dict[str, int]]] = []
    most = dict.fromkeys(lab.processors, 0)
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        posts = {name: (await lab.counters(name))["posts"] for name in lab.processors}
        now_s = time.monotonic()
        history.append((now_s, posts))
        then = next(each for at_s, each in history if at_s >= now_s - 1)
        most = {name: max(most[name], posts[name] - then[name]) for name in posts}
        await asyncio.sleep(0.05)
    return most


@pytest.mark.parametrize(
    ("payments", "down_s"), [(3000, 8.0), pytest.param(20_000, 60.0, marks=pytest.mark.slow)], ids=["short", "full"]
)
async def test_both_processors_down_with_a_backlog(run_lab: RunLab, payments: int, down_s: float) -> None:
    async with run_lab() as lab:
        async with lab.load.running(users=2, pause_s=0.02):
            await lab.load.until_answered(150)
        before = [each for each in lab.load.told if each.status == 202]
        await lab.settle()

        await lab.set(default=FAILING, fallback=FAILING)
        down_at_s = time.monotonic()
        answers = await lab.load.burst(payments, at_once=50)
        await asyncio.sleep(1)
        most = await count_probes(lab, max(2.0, down_s - (time.monotonic() - down_at_s)))
        rows_before = sum((await lab.rows()).values())
        was_down_s = time.monotonic() - down_at_s

        async with lab.load.running(users=2, pause_s=0.02):
            marker = len(lab.load.told)
            await lab.set(default=SOUND, fallback=SOUND)
            recovered_s = time.monotonic()
            await lab.until_rows(rows_before + 1)
            first_s = time.monotonic() - recovered_s
            drained = await lab.until_statistics(lambda counts: counts["settled"] >= payments + len(before), 120)
            drained_s = time.monotonic() - recovered_s
        during = lab.load.told[marker:]
        await lab.settle()

        await lab.check(
            f"both down for {was_down_s:.0f} s",
            burst=dict(answers),
            probes_per_s=most,
            first_settled_after_s=round(first_s, 2),
            drained_in_s=round(drained_s, 1),
            p99_ms=(percentile_ms(before, 0.99), percentile_ms(during, 0.99)),
            still_waiting_when_drained=drained["waiting"],
        )
        assert answers == {202: payments}
        assert all(probes <= PROBES_MAX_PER_S for probes in most.values())
        assert min(most.values()) > 0
        assert {each.status for each in during} == {202}


async def test_flapping_processors(run_lab: RunLab) -> None:
    flap_s, flaps = 0.3, 16
    async with run_lab() as lab:
        async with lab.load.running(users=6, pause_s=0.01):
            for number in range(flaps):
                states = (FAILING, SOUND) if number % 2 else (SOUND, FAILING)
                await lab.set(default=states[0], fallback=states[1])
                await asyncio.sleep(flap_s)
        await lab.set(default=SOUND, fallback=SOUND)
        await lab.settle()
        report = await lab.check(f"flapping every {flap_s} s, {flaps} times")
        assert set(report["answers"]) == {202}
        assert all(report["rows"].values())


@pytest.mark.parametrize("faults", [("hang", "throttle"), ("garbage", "huge"), ("nonsense", "reset")], ids="-".join)
async def test_a_useless_health_endpoint_doesn_t_keep_payments_from_teaching(
    run_lab: RunLab, processors: dict[str, str], faults: tuple[str, str]
) -> None:
    kinds = dict(zip(processors, faults, strict=True))
    for name, kind in kinds.items():
        await arm_faults(processors[name], {"kind": kind, "endpoint": "health"})
    async with run_lab() as lab:

        async def calls() -> dict[str, int]:
            return {name: (await lab.counters(name))["health_by_outcome"][kind] for name, kind in kinds.items()}

        async def settled_at(name: str, more: int) -> float:
            goal, begun_s = (await lab.rows())[name] + more, time.monotonic()
            await lab.until_rows(goal, processor=name)
            return round(time.monotonic() - begun_s, 2)

        async with lab.load.running(users=4, pause_s=0.01):
            await settled_at("default", 50)
            await lab.set(default=FAILING)
            switched_s = await settled_at("fallback", 100)
            await lab.set(default=SOUND)
            back_s = await settled_at("default", 100)
            await lab.set(default=Setting(300))
            slow_s = await settled_at("fallback", 100)
        await lab.set(default=SOUND)
        await lab.settle()
        report = await lab.check(
            f"health endpoints: {' and '.join(faults)}",
            switched_after_s=switched_s,
            back_after_s=back_s,
            left_when_slow_after_s=slow_s,
            health_calls=await calls(),
        )
        assert min((await calls()).values()) >= 1
        assert set(report["answers"]) == {202}


async def test_a_processor_that_never_answers_leaves_the_other_its_full_share(run_lab: RunLab) -> None:
    pool, delay_ms, payments = 64, 100, 1200
    async with run_lab(RINHA_POOL_SIZE=str(pool), RINHA_ATTEMPT_DEADLINE_S="2") as lab:
        hang: list[dict[str, Any]] = [{"kind": "hang", "endpoint": each} for each in ("payments", "lookup", "health")]
        await lab.arm("default", *hang)
        await lab.set(fallback=Setting(delay_ms))
        begun_s = time.monotonic()
        load = asyncio.create_task(lab.load.burst(payments))
        at_work: list[int] = []
        async with asyncio.timeout(30):
            while (await lab.rows())["fallback"] < payments - pool:
                at_work.append((await lab.counters("fallback"))["at_work"])
                await asyncio.sleep(0.02)
        took_s = time.monotonic() - begun_s
        statuses = await load
        await lab.arm("default")
        await lab.settle()

        await lab.check(
            "one processor accepts and never answers",
            at_work_at_the_other=max(at_work),
            per_s_at_the_other=round((payments - pool) / took_s),
            possible_per_s=round(pool / 2 / delay_ms * 1000),
            statuses=dict(statuses),
        )
        assert max(at_work) == pool // 2
        assert statuses == {202: payments}
