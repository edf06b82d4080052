"""What a subject's services use while it is measured."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.rounds import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S = 2.0


class Reading(NamedTuple):
    """What one service has used up to now.

    Args:
        cpu_ms: CPU time in milliseconds.
        user_ms: the part of it outside the kernel.
        periods: periods of the CPU limit in which it wanted to run.
        throttled: those in which it was held back.
        memory: bytes in use.
        cpu_limit: in CPUs; None without one.
        memory_limit: in bytes; None without one.
    """

    cpu_ms: float
    user_ms: float
    periods: int
    throttled: int
    memory: int
    cpu_limit: float | None
    memory_limit: int | None


class Meter:
    """Notes what the services have used at the begin, when the steady phase begins, and at the end.

    Args:
        read: tells what each service has used up to now; may block for some milliseconds.
    """

    def __init__(self, read: Callable[[], dict[str, Reading]]) -> None:
        self._read = read
        self._begin = self._steady = self._end = read()
        self._peaks = {name: reading.memory for name, reading in self._begin.items()}

    def steady(self) -> None:
        """The steady phase begins."""
        self._steady = self._note()

    def end(self) -> None:
        """The load is over."""
        self._end = self._note()

    async def watch(self) -> None:
        """Follow the memory, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await asyncio.to_thread(self._note)

    def usage(self) -> dict[str, Usage]:
        """What each service used from begin to end."""
        usage = {}
        for name, end in self._end.items():
            begin, steady = self._begin[name], self._steady[name]
            cpu_ms = end.cpu_ms - begin.cpu_ms
            # The kernel estimates how much of it was the user's: of an idle service it may be more than all.
            user_ms = min(end.user_ms - begin.user_ms, cpu_ms)
            usage[name] = Usage(
                cpu_ms=cpu_ms,
                user_ms=user_ms,
                system_ms=cpu_ms - user_ms,
                cpu_limit=end.cpu_limit,
                periods=end.periods - begin.periods,
                throttled=end.throttled - begin.throttled,
                steady_periods=end.periods - steady.periods,
                steady_throttled=end.throttled - steady.throttled,
                memory_peak=self._peaks[name],
                memory_end=end.memory,
                memory_limit=end.memory_limit,
            )
        return usage

    def _note(self) -> dict[str, Reading]:
        now = self._read()
        for name, reading in now.items():
            self._peaks[name] = max(self._peaks[name], reading.memory)
        return now
