"""Processors that commit and don't say so, say so too late, or fail afterwards: each payment is settled once, there."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from tests.support.client import Setting, our_rows
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

POINT_THREE = {"kind": "commit-then-drop", "probability": 0.3}


async def test_a_processor_that_commits_and_drops_the_connection_settles_each_once(run_lab: RunLab) -> None:
    async with run_lab() as lab:
        before = await lab.counters("default"), await lab.counters("fallback")
        for name in lab.processors:
            await lab.arm(name, POINT_THREE)
        async with lab.load.running(users=8, pause_s=0.01):
            await lab.load.until_answered(800)
        await lab.settle()

        after = await lab.counters("default"), await lab.counters("fallback")
        dropped = sum(
            now["posts_by_outcome"].get("commit-then-drop", 0) - then["posts_by_outcome"].get("commit-then-drop", 0)
            for now, then in zip(after, before, strict=True)
        )
        report = await lab.check("commit-then-drop, p = 0.3", dropped=dropped)
        assert dropped > 100
        assert report["answers"] == {202: sum(report["rows"].values())}


async def test_a_commit_after_our_deadline_is_found(run_lab: RunLab) -> None:
    late_s, deadline_s = 2.0, 0.5
    async with run_lab(RINHA_ATTEMPT_DEADLINE_S=str(deadline_s)) as lab:
        await lab.arm("default", {"kind": "commit-late", "delay_ms": int(late_s * 1000)})
        await lab.load.burst(200)
        await lab.until_statistics(lambda counts: counts["unknown"] >= 3, PATIENCE_S)

        # It stays armed: what is posted there again is late as well, so that only a look-up ends it in time.
        seen: set[bytes] = set()
        found_after_s: list[float] = []
        async with asyncio.timeout(PATIENCE_S):
            while len(seen) < 200:
                for row in await our_rows(lab.bridge):
                    if row.payment_id not in seen and row.processor == "default":
                        found_after_s.append(time.time() - row.requested_at_ms / 1000 - late_s)
                    seen.add(row.payment_id)
                await asyncio.sleep(0.1)
        await lab.settle()
        report = await lab.check(
            "commit after our deadline",
            late=len(found_after_s),
            found_after_s=(round(min(found_after_s), 2), round(max(found_after_s), 2)),
        )
        assert report["rows"]["default"] >= 3


async def test_a_payment_that_was_committed_under_a_500_is_found_while_the_processor_fails(run_lab: RunLab) -> None:
    failing_s = 10.0
    async with run_lab() as lab:
        was = (await lab.counters("default"))["posts_by_outcome"].get("commit-then-500", 0)
        # Nobody may find them before the processor fails, nor right then.
        await lab.arm("default", {"kind": "commit-then-500"}, {"kind": "throttle", "endpoint": "lookup"})
        # With a delay several are sent before the first answers open the circuit, after which none is.
        await lab.set(default=Setting(100), fallback=Setting(0, failing=True))
        await lab.load.burst(20)
        await lab.until_statistics(lambda counts: counts["unknown"] >= 3, PATIENCE_S)
        await lab.set(default=Setting(0, failing=True))
        failing_since_s = time.monotonic()
        committed = (await lab.counters("default"))["posts_by_outcome"]["commit-then-500"] - was
        await asyncio.sleep(2)  # of failure without any way to find them
        assert (await lab.until_statistics(bool, 5))["settled"] == 0
        await lab.arm("default")

        counts = await lab.until_statistics(lambda counts: counts["settled"] >= committed, failing_s - 2)
        found_after_s = time.monotonic() - failing_since_s
        assert counts["unknown"] == 0
        assert (await lab.rows())["default"] == committed
        await lab.set(default=Setting(0), fallback=Setting(0))
        await lab.settle()
        await lab.check(
            "500 with a body after the commit, then failing",
            committed=committed,
            all_found_after_s=round(found_after_s, 2),
        )
        assert committed >= 3
