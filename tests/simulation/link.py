"""A simulated connection: bytes arrive in order, late, and after a cut only up to some byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.scheduler import Scheduler

NOTICED_S = 1.5
"""An end learns of a cut at once, or after so long at most; until then the connection is half open."""


class Pipe:
    """One direction of a connection.

    Args:
        scheduler: its time and chance.
        deliver: takes what arrives.
        end: called once, when the receiver notices that nothing more will.
        latency_s: of bytes, at most.
    """

    def __init__(
        self, scheduler: Scheduler, deliver: Callable[[bytes], None], end: Callable[[], None], latency_s: float
    ) -> None:
        self._latency_s = latency_s
        self._scheduler = scheduler
        self._deliver = deliver
        self._end = end
        self._due_s = 0.0
        self._on_the_way = 0
        self._left: int | None = None
        self._ended = False

    def send(self, data: bytes) -> None:
        """Send bytes; into a cut connection they are lost."""
        if not data or self._left is not None:
            return
        scheduler = self._scheduler
        self._due_s = max(self._due_s, scheduler.now_s + scheduler.chance.random() * self._latency_s)
        self._on_the_way += len(data)
        scheduler.later(self._due_s - scheduler.now_s, lambda: self._arrive(data))

    def cut(self) -> None:
        """Break off: a part of what is on the way arrives, then nothing."""
        if self._left is not None:
            return
        chance = self._scheduler.chance
        self._left = chance.randint(0, self._on_the_way)
        delay_s = 0.0 if chance.random() < 0.5 else chance.random() * NOTICED_S
        self._scheduler.later(max(delay_s, self._due_s - self._scheduler.now_s), self._notice)

    def finish(self) -> None:
        """End it in order: all that is on the way arrives, then the receiver notices."""
        if self._left is None:
            self._left = self._on_the_way
            self._scheduler.later(max(0.0, self._due_s - self._scheduler.now_s), self._notice)

    def close_receiver(self) -> None:
        """The receiver has ended the connection, or is gone: it takes nothing more."""
        self._ended = True

    def _arrive(self, data: bytes) -> None:
        self._on_the_way -= len(data)
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        if data and not self._ended:
            self._deliver(data)

    def _notice(self) -> None:
        if not self._ended:
            self._ended = True
            self._end()
