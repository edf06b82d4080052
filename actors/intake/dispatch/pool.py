"""Who of the payment actors is free, and how much is under way at each processor."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from actors.messages.settling import Attempt
    from actors.recipient import Recipient


class Pool:
    """The roster of payment actors. It outlives the intake's restarts.

    Args:
        processors: the processors' names.
        limit: attempts under way at one processor at most, so that one that hangs can't have all payment actors.
    """

    def __init__(self, processors: Iterable[str], limit: int) -> None:
        self.limit = limit
        self._idle: deque[Recipient] = deque()
        self._is_closed = False
        self._known: set[Recipient] = set()
        self._busy: dict[str, dict[Recipient, tuple[Attempt, float]]] = {name: {} for name in processors}
        self.begun = dict.fromkeys(self._busy, 0)
        """Attempts that were begun since the start, by processor."""

    def add(self, actor: Recipient) -> None:
        """Enter a payment actor that has started. One that is known already stays as it is."""
        if actor not in self._known:
            self._known.add(actor)
            self._idle.append(actor)

    def close(self) -> None:
        """Give out no payment actor any more; those at work end what they do."""
        self._is_closed = True

    @property
    def has_idle(self) -> bool:
        """Whether a payment actor is free, and may be given out."""
        return bool(self._idle) and not self._is_closed

    def begin(self, attempt: Attempt, now_s: float) -> Recipient:
        """Take a free payment actor for an attempt.

        Raises:
            IndexError: none is free; nothing has changed.
        """
        actor = self._idle.popleft()
        self._busy[attempt.processor][actor] = attempt, now_s
        self.begun[attempt.processor] += 1
        return actor

    def carries_out(self, actor: Recipient, attempt: Attempt) -> bool:
        """Whether a payment actor is at work on this very attempt; an equal one that came later is another."""
        current = self._busy[attempt.processor].get(actor)
        return current is not None and current[0] is attempt

    def started_s(self, actor: Recipient, attempt: Attempt) -> float:
        """When an attempt that is under way was begun, on the monotonic clock."""
        return self._busy[attempt.processor][actor][1]

    def has_older(self, instant_s: float) -> bool:
        """Whether an attempt is under way, anywhere, that was begun before an instant of the monotonic clock."""
        for busy in self._busy.values():
            for _attempt, started_s in busy.values():
                if started_s <= instant_s:
                    return True
                break  # a dict keeps the order of insertion
        return False

    def attempt_of(self, processor: str, payment_id: bytes) -> tuple[Attempt, float] | None:
        """The attempt of a payment that is under way at a processor, and when it was begun; None without any."""
        busy = self._busy.get(processor, {}).values()
        return next((each for each in busy if each[0].payment.payment_id == payment_id), None)

    def at_work(self) -> Iterator[tuple[str, Attempt]]:
        """The payment actors that are at work, by name, and on what."""
        for busy in self._busy.values():
            for actor, (attempt, _started_s) in busy.items():
                yield getattr(actor, "name", ""), attempt

    def end(self, actor: Recipient, attempt: Attempt) -> None:
        """Give a payment actor back. One that isn't at work on this attempt (any more) stays as it is."""
        if self.carries_out(actor, attempt):
            del self._busy[attempt.processor][actor]
            self._idle.append(actor)

    def busy(self, processor: str) -> int:
        """Attempts under way at a processor."""
        return len(self._busy[processor])

    def has_room(self, processor: str) -> bool:
        """Whether another attempt may go to a processor."""
        return len(self._busy[processor]) < self.limit

    def oldest_s(self, processor: str, now_s: float) -> float:
        """Age of the oldest attempt under way at a processor, in seconds; 0 if there is none."""
        for _attempt, started_s in self._busy[processor].values():
            return now_s - started_s  # a dict keeps the order of insertion
        return 0.0
