"""An API dies by ``kill -9`` under load: what it acknowledged is kept, and the other one's clients notice nothing."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]


async def test_a_killed_api_loses_nothing_that_was_acknowledged(run_lab: RunLab, accept: dict[str, str]) -> None:
    kills = 3
    async with run_lab(**accept) as lab:
        back_after_s = []
        async with lab.load.running(users=8, pause_s=0.005):
            for _ in range(kills):
                await lab.load.until_answered(150, api=0)
                await asyncio.to_thread(lab.kill, lab.apis[0])
                killed_s = time.monotonic()
                await lab.load.until_answered(100, api=1)
                await asyncio.to_thread(lab.replace_api, 0)
                await lab.load.until_answered(1, api=0)
                back_after_s.append(round(time.monotonic() - killed_s, 2))
        again = await lab.load.repeat_unanswered(1)
        await lab.settle()

        report = await lab.check(
            f"kill -9 of one API, {kills} times, {accept['RINHA_ACCEPT']}",
            first=lab.load.counts(0),
            other=lab.load.counts(1),
            again=again,
            back_after_s=back_after_s,
        )
        assert set(report["other"]) == {202}
        assert report["first"][202] > kills * 150
        assert 0 in report["first"]
