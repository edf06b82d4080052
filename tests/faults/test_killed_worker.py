"""The worker dies by ``kill -9``, and its journal brings everything back."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING

from tests.support.client import Setting

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

KILLS = 20


async def test_a_killed_worker_loses_and_doubles_nothing(run_lab: RunLab, durable: dict[str, str]) -> None:
    async with run_lab(**durable) as lab:
        # So that each kill finds payments in flight and some of unknown outcome.
        for name in lab.processors:
            await lab.arm(name, {"kind": "commit-then-drop", "probability": 0.05})
        await lab.set(default=Setting(30), fallback=Setting(30))
        back_after_s = []
        async with lab.load.running(users=8, pause_s=0.005):
            for _ in range(KILLS):
                await lab.load.until_answered(100)
                await asyncio.to_thread(lab.kill, lab.worker)
                killed_s = time.monotonic()
                await asyncio.to_thread(lab.start_worker)
                await lab.load.until_answered(1)
                back_after_s.append(round(time.monotonic() - killed_s, 2))
        again = await lab.load.repeat_unanswered(0)
        await lab.settle()

        report = await lab.check(
            f"kill -9 of the worker, {KILLS} times, durable", again=again, serving_after_s=back_after_s
        )
        assert report["answers"][202] > KILLS * 100
        assert set(report["answers"]) <= {202, 503, 504}


async def test_an_id_is_still_known_after_a_restart(run_lab: RunLab, durable: dict[str, str]) -> None:
    times = 500
    async with run_lab(**durable) as lab:
        payment_id = uuid.uuid4()

        async def post_at_once() -> set[int]:
            return set(await asyncio.gather(*(lab.load.post(number % 2, payment_id) for number in range(times))))

        assert await post_at_once() == {202}
        await lab.settle()
        await asyncio.to_thread(lab.kill, lab.worker)
        await asyncio.to_thread(lab.start_worker)
        for number, api in enumerate(lab.apis):
            await asyncio.to_thread(api.until_logged, "bridge.session_opened", 2)
            assert await lab.load.post(number, payment_id, amount=20) == 409
        assert await post_at_once() == {202}
        counts = await lab.settle()

        report = await lab.check("same id before and after a restart, durable", duplicates=counts["duplicates"])
        assert counts["accepted"] == sum(report["rows"].values()) == 1
