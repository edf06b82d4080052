"""The machine, and how fast it is just now: beside a round, so that what the host did isn't taken for the subject's."""

from __future__ import annotations

import os
import platform
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.rounds import Host, Speed

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOPS = 41
STEPS = 200_000
NAPS = 200
NAP_S = 0.001
CHANGED_SHARE = 0.2
"""A host whose loop takes so much longer at one time of a set than at another has changed."""


def describe_host() -> Host:
    """The machine, and how busy it was in the last minute."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return Host(
        os.cpu_count() or 1, models[0] if models else platform.machine(), platform.release(), os.getloadavg()[0]
    )


def speed() -> Speed:
    """Measure how fast the machine is now, for about a second.

    The loop is the median of some, by the clock: a busier neighbour counts as a slower processor does. The naps tell
    how late a thread gets the processor when it is due.
    """
    took_ms = []
    for _ in range(LOOPS):
        begun_s = time.perf_counter()
        sum(number & 7 for number in range(STEPS))
        took_ms.append((time.perf_counter() - begun_s) * 1000)
    late_us = []
    for _ in range(NAPS):
        begun_s = time.perf_counter()
        time.sleep(NAP_S)
        late_us.append(max(0.0, time.perf_counter() - begun_s - NAP_S) * 1e6)
    late_us.sort()
    return Speed(statistics.median(took_ms), late_us[len(late_us) // 2], late_us[len(late_us) * 99 // 100])


def change(speeds: Iterable[Speed | None]) -> float:
    """By which share the host was slower at its slowest than at its fastest; 0 if that isn't known."""
    loops_ms = [each.loop_ms for each in speeds if each]
    return max(loops_ms) / min(loops_ms) - 1 if loops_ms else 0.0


def stolen_ms() -> float:
    """CPU time that the machine's own host has kept from it since the start, all processors together."""
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    return int(fields[8]) * 1000 / os.sysconf("SC_CLK_TCK")
