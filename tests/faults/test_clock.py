"""The system's clock is set by an hour, forth and back, while payments come in. Debian's libfaketime does it."""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.client import Setting, our_rows, totals
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

HOUR_S = 3600
LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def instant(at_s: float) -> str:
    at = datetime.datetime.fromtimestamp(at_s, datetime.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.skipif(not LIBRARIES, reason="libfaketime is missing: apt-get install libfaketime")
async def test_a_clock_that_jumps_moves_neither_timers_nor_books(run_lab: RunLab, tmp_path: Path) -> None:
    offset = tmp_path / "offset"

    def set_clock(offset_s: int) -> None:
        partial = offset.with_suffix(".new")
        partial.write_text(f"{offset_s:+d}s", encoding="ascii")
        partial.rename(offset)

    set_clock(0)
    faked = {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    async with run_lab(worker=faked, api=faked) as lab:
        back_after_s = []
        async with lab.load.running(users=5, pause_s=0.01):
            for offset_s in (0, HOUR_S, -HOUR_S, 0):
                await lab.load.until_answered(100)
                # In the middle of an outage, so that timers are under way: probes and payments' retries.
                await lab.set(default=Setting(0, failing=True), fallback=Setting(0, failing=True))
                await lab.until_statistics(
                    lambda counts: not any(each["healthy"] for each in counts["processors"].values()), PATIENCE_S
                )
                set_clock(offset_s)
                await lab.set(default=Setting(0), fallback=Setting(0))
                recovered_s, settled = time.monotonic(), sum((await lab.rows()).values())
                await lab.until_rows(settled + 20)
                back_after_s.append(round(time.monotonic() - recovered_s, 2))
        await lab.settle()

        now_s = time.time()
        hours = sorted({round((row.requested_at_ms / 1000 - now_s) / HOUR_S) for row in await our_rows(lab.bridge)})
        windows = [
            {"from": instant(now_s + begin_s), "to": instant(now_s + end_s)}
            for begin_s, end_s in (
                (-2 * HOUR_S, -HOUR_S / 2),
                (-HOUR_S / 2, HOUR_S / 2),
                (HOUR_S / 2, 2 * HOUR_S),
                (-HOUR_S, HOUR_S),
            )
        ]
        books = [await totals(lab.session, lab.urls[0], lab.processors, window) for window in windows]
        await lab.check(
            "system clock ±1 h", hours=hours, back_after_s=back_after_s, windows=[each[0] for each in books]
        )
        assert hours == [-1, 0, 1]
        assert all(ours == theirs for ours, theirs in books)
        # A machine that stands still for a moment may cut the bridge: such answers promise nothing.
        assert set(lab.answers.counts()) <= {202, 503, 504}
