"""The two limiters of the real processors, which are ASP.NET Core's: concurrency, and a fixed window; on asyncio."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class ConcurrencyLimiter:
    """So many at work, so many waiting in order of arrival, the rest refused.

    Args:
        at_work_max: how many may be at work together.
        queued_max: how many may wait beyond these.
    """

    def __init__(self, at_work_max: int, queued_max: int) -> None:
        self._at_work_max = at_work_max
        self._queued_max = queued_max
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.at_work = 0
        self.at_work_peak = 0

    @property
    def queued(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    async def enter(self) -> bool:
        """Take a place, waiting for one if need be.

        Returns:
            Whether there is one. If so, the caller owes a ``leave()``.
        """
        if self.at_work < self._at_work_max:
            self.at_work += 1
            self.at_work_peak = max(self.at_work_peak, self.at_work)
            return True
        if len(self._waiting) >= self._queued_max:
            return False
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.cancelled():
                self._waiting.remove(place)
            else:
                self.leave()
            raise
        return True

    def leave(self) -> None:
        """Give the place back; the longest waiting takes it over."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.at_work -= 1


class FixedWindowLimiter:
    """One call per window; a few more wait for the windows to come, the rest are refused.

    Windows follow each other from the limiter's creation on, whether or not somebody calls.

    Args:
        window_s: length of a window in seconds.
        queued_max: how many may wait.
        clock: monotonic seconds.
    """

    def __init__(self, window_s: float, queued_max: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._window_s = window_s
        self._queued_max = queued_max
        self._clock = clock
        self._origin_s = clock()
        self._used_window = -1
        self._waiting: deque[tuple[asyncio.Future[None], Callable[[], bool]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, is_wanted: Callable[[], bool]) -> bool:
        """Take the window's one call, waiting for a later window if need be.

        Args:
            is_wanted: whether the caller is still there; one that hung up neither holds a place nor uses a window.

        Returns:
            Whether the call may go on.
        """
        if not self._waiting and self._take_window():
            return True
        self._drop_unwanted()
        if len(self._waiting) >= self._queued_max:
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, is_wanted))
        self._set_timer()
        await turn
        return True

    def _take_window(self) -> bool:
        window = int((self._clock() - self._origin_s) / self._window_s)
        if window == self._used_window:
            return False
        self._used_window = window
        return True

    def _drop_unwanted(self) -> None:
        kept = [(turn, is_wanted) for turn, is_wanted in self._waiting if not turn.done() and is_wanted()]
        self._waiting = deque(kept)

    def _set_timer(self) -> None:
        if self._timer is None:
            into_window_s = (self._clock() - self._origin_s) % self._window_s
            self._timer = asyncio.get_running_loop().call_later(self._window_s - into_window_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._drop_unwanted()
        if self._waiting and self._take_window():
            self._waiting.popleft()[0].set_result(None)
        if self._waiting:
            self._set_timer()
