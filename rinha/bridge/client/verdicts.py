"""The callers that wait for verdicts. Runs on asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rinha.bridge.errors import OutcomeUnknown

if TYPE_CHECKING:
    import asyncio

    from actors.values import Verdict


class _Waiter(NamedTuple):
    future: asyncio.Future[Verdict]
    deadline: float
    payment_id: bytes


class Waiters:
    """Futures by sequence, and who has waited too long; one timer serves all of them, and none runs while nobody waits.

    Args:
        loop: whose clock and timers they go by.
        timeout_s: how long each may wait, in seconds.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout_s: float) -> None:
        self._loop = loop
        self._timeout_s = timeout_s
        self._waiters: dict[int, _Waiter] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, sequence: int, payment_id: bytes) -> asyncio.Future[Verdict]:
        """A future for the verdict on the payment with this sequence, the highest so far.

        It raises ``OutcomeUnknown`` when its time is up, or with ``give_up_all``.
        """
        future: asyncio.Future[Verdict] = self._loop.create_future()
        deadline = self._loop.time() + self._timeout_s
        self._waiters[sequence] = _Waiter(future, deadline, payment_id)
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._expire)
        return future

    def decide(self, sequence: int, verdict: Verdict) -> None:
        """Wake who waits for this verdict, if anybody does."""
        waiter = self._waiters.pop(sequence, None)
        if waiter is not None and not waiter.future.done():
            waiter.future.set_result(verdict)

    def give_up_all(self) -> None:
        """Give up all who wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for sequence in list(self._waiters):
            self._give_up(sequence)

    def _expire(self) -> None:
        # The timer is left alone while verdicts come in: it finds those that are late, and the next deadline.
        self._timer = None
        now = self._loop.time()
        # All wait equally long and stand in the order of their coming.
        for sequence, waiter in list(self._waiters.items()):
            if waiter.deadline > now:
                self._timer = self._loop.call_at(waiter.deadline, self._expire)
                return
            self._give_up(sequence)

    def _give_up(self, sequence: int) -> None:
        waiter = self._waiters.pop(sequence)
        if not waiter.future.done():
            waiter.future.set_exception(OutcomeUnknown(waiter.payment_id, self._timeout_s))
