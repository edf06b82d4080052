"""Ten times as many payments as can be settled: the admitted are settled, the rest refused, and memory is bounded."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.client import Setting
from tests.support.load import percentile_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

POOL, DELAY_MS = 8, 100
SUSTAINABLE_PER_S = POOL // 2 * 1000 // DELAY_MS
"""The preferred processor has half of the pool, and the other, dearer one isn't there for overflow."""

MEBIBYTE = 2**20


@pytest.mark.parametrize("seconds", [4.0, pytest.param(20.0, marks=pytest.mark.slow)], ids=["short", "full"])
async def test_ten_times_the_sustainable_load_is_refused_and_not_dropped(run_lab: RunLab, seconds: float) -> None:
    backlog_max = 200
    async with run_lab(RINHA_POOL_SIZE=str(POOL), RINHA_BACKLOG_MAX=str(backlog_max)) as lab:
        await lab.set(default=Setting(DELAY_MS), fallback=Setting(DELAY_MS))
        per_s = 10 * SUSTAINABLE_PER_S
        processes = [lab.worker, *lab.apis]
        was = [each.resident_bytes for each in processes]
        most = list(was)
        posts = []
        begun_s = time.monotonic()
        for number in range(int(per_s * seconds)):
            # An open loop: clients come when they come, however long others wait.
            posts.append(asyncio.create_task(lab.load.post(number % 2)))
            await asyncio.sleep(max(0.0, begun_s + number / per_s - time.monotonic()))
            if number % 40 == 0:
                most = [max(*pair) for pair in zip(most, (each.resident_bytes for each in processes), strict=True)]
        await asyncio.gather(*posts)
        offered_per_s = len(posts) / (time.monotonic() - begun_s)
        refused = [each for each in lab.load.told if each.status == 503]
        taken = [each for each in lab.load.told if each.status == 202]
        await lab.set(default=Setting(0))
        await lab.settle()

        report = await lab.check(
            f"{offered_per_s / SUSTAINABLE_PER_S:.0f} times the sustainable load for {seconds:g} s",
            offered_per_s=round(offered_per_s),
            p99_of_503_ms=percentile_ms(refused, 0.99),
            p99_of_202_ms=percentile_ms(taken, 0.99),
            grown_mib=[round((top - base) / MEBIBYTE, 1) for top, base in zip(most, was, strict=True)],
        )
        assert set(report["answers"]) == {202, 503}
        assert report["answers"][503] > len(posts) / 2
        assert sum(report["rows"].values()) == report["answers"][202]
        assert max(top - base for top, base in zip(most, was, strict=True)) < 50 * MEBIBYTE
