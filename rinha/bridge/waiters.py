"""The callers that wait for verdicts. Runs on asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from rinha.bridge.errors import OutcomeUnknown

if TYPE_CHECKING:
    from actors.messages import Verdict


class _Waiter(NamedTuple):
    future: asyncio.Future[Verdict]
    deadline: float
    payment_id: bytes


class Waiters:
    """Futures by sequence, and who has waited too long; one look at the clock serves all of them.

    Args:
        timeout_s: how long each may wait, in seconds.
    """

    def __init__(self, timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout_s = timeout_s
        self._waiters: dict[int, _Waiter] = {}

    def add(self, sequence: int, payment_id: bytes) -> asyncio.Future[Verdict]:
        """A future for the verdict on the payment with this sequence, the highest so far."""
        future: asyncio.Future[Verdict] = self._loop.create_future()
        self._waiters[sequence] = _Waiter(future, self._loop.time() + self._timeout_s, payment_id)
        return future

    def decide(self, sequence: int, verdict: Verdict) -> None:
        """Wake who waits for this verdict, if anybody does."""
        waiter = self._waiters.pop(sequence, None)
        if waiter is not None and not waiter.future.done():
            waiter.future.set_result(verdict)

    def expire(self) -> int:
        """Give up those who have waited too long.

        Returns:
            How many there were.
        """
        now = self._loop.time()
        expired = []
        for sequence, waiter in self._waiters.items():
            # All wait equally long and stand in the order of their coming.
            if waiter.deadline > now:
                break
            expired.append(sequence)
        return sum(self._give_up(sequence) for sequence in expired)

    def give_up_all(self) -> int:
        """Give up all of them.

        Returns:
            How many there were.
        """
        return sum(self._give_up(sequence) for sequence in list(self._waiters))

    def _give_up(self, sequence: int) -> bool:
        waiter = self._waiters.pop(sequence)
        if waiter.future.done():
            return False
        waiter.future.set_exception(OutcomeUnknown(waiter.payment_id, self._timeout_s))
        return True
