"""What a person reads of a crash, and of a worker that is away."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from tests.support.terminal import type_until_said

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

CRASHING = "tests.support.crashing_worker"


async def says(lab: Lab, command: str, *words: str) -> None:
    await type_until_said(f"{command} --url {lab.urls[0]}", *words, environ={**os.environ, **lab.environ})


async def test_a_crash_is_told_with_its_actor_its_letter_and_its_traceback(run_lab: RunLab, tmp_path: Path) -> None:
    orders = tmp_path / "crash"
    async with run_lab(module=CRASHING, worker={"CRASH_FILE": str(orders)}, apis=1) as lab:
        orders.write_text("ledger before", encoding="ascii")
        await lab.load.burst(3)
        crashed = "error payment-worker Actor ledger failed on a message", "RecordPayment("
        await says(lab, "rinha events", *crashed, "Traceback (most recent call last):", "InjectedCrash: ledger")
        await says(lab, "rinha statistics", "crashes 1 ledger")


async def test_a_worker_that_is_away_is_told_of_and_since_when(run_lab: RunLab) -> None:
    async with run_lab(apis=1) as lab:
        await asyncio.to_thread(lab.kill, lab.worker)
        refuses = "worker away: what it holds can't be said", "refuses the worker is away since"
        await says(lab, "rinha statistics", *refuses)
        assert await lab.load.burst(1) == {503: 1}
        await says(lab, "rinha statistics", "refused 1 worker away; the last at")
        await says(lab, "rinha events", "warning api-1 The session with the worker is lost")
        for command in ("held", "parked", "processors", "payment 123456"):
            await says(lab, f"rinha {command}", "No session with the worker is open")
