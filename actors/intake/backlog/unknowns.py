"""Payments whose outcome is unknown, by processor, and when each is to be looked into next."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import chain, count
from typing import TYPE_CHECKING

from actors.intake.backlog.holds import Holds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from actors.intake.backlog.entry import Entry

    Heap = list[tuple[float, int, Entry]]

RETRY_FIRST_S, RETRY_MAX_S = 0.1, 5.0
"""An unknown outcome is looked into at once, then after 0.1 s, and ever later up to every 5 s."""


class Unknowns:
    """Two kinds at each processor: those *bound* to it, which were sent there, and those that may have been (suspects).

    Of either kind some are *held*: a person is looking into them, so nobody else does for a while.

    Args:
        processors: the processors' names.
    """

    def __init__(self, processors: Sequence[str]) -> None:
        self._tiebreak = count()
        self._bound: dict[str, Heap] = {name: [] for name in processors}
        self._suspected: dict[str, Heap] = {name: [] for name in processors}
        self._held = Holds()

    def __len__(self) -> int:
        return sum(map(len, chain(self._bound.values(), self._suspected.values()))) + len(self._held)

    def __bool__(self) -> bool:
        return any(self._bound.values()) or any(self._suspected.values()) or bool(self._held)

    def __iter__(self) -> Iterator[Entry]:
        due = (each[2] for heap in chain(self._bound.values(), self._suspected.values()) for each in heap)
        return chain(due, self._held)

    def push(self, entry: Entry, due_s: float) -> None:
        """Add a payment; it is due at its processor, or at the first of its suspects, at an instant."""
        heap = self._suspected[entry.unasked[0]] if entry.unasked else self._bound[entry.processor]
        heappush(heap, (due_s, next(self._tiebreak), entry))
        entry.due_s = due_s

    def push_later(self, entry: Entry, now_s: float) -> None:
        """Add a payment that was looked into in vain: at once the first time, then after ever longer pauses.

        One that a person is looking into is held instead.
        """
        if entry.held_until_s > now_s:
            self._held.add(entry)
            return
        pause_s = min(RETRY_FIRST_S * 2 ** min(entry.retries - 1, 10), RETRY_MAX_S) if entry.retries else 0.0
        entry.retries += 1
        self.push(entry, now_s + pause_s)

    def due_s(self, processor: str) -> float | None:
        """When the next one at a processor is due; None without any."""
        dues = [heap[0][0] for heap in self._at(processor) if heap]
        if (held_until_s := self._held.due_s(processor)) is not None:
            dues.append(held_until_s)
        return min(dues, default=None)

    def pop_due(self, processor: str, now_s: float) -> Entry | None:
        """Take out the one at a processor that is due first, if one is due."""
        for entry in self._held.pop_due(processor, now_s):
            self.push(entry, now_s)
        heap = min((heap for heap in self._at(processor) if heap), default=None)
        return heappop(heap)[2] if heap and heap[0][0] <= now_s else None

    def pop_bound(self, processor: str, unfit: Collection[bytes] = ()) -> Entry | None:
        """Take out the next one that is bound to a processor, due or not; but none of those ids."""
        heap = self._bound[processor]
        passed_over = []
        while heap and heap[0][2].payment.payment_id in unfit:
            passed_over.append(heappop(heap))
        found = heappop(heap)[2] if heap else None
        for each in passed_over:
            heappush(heap, each)
        return found

    def hold(self, entry: Entry) -> None:
        """Hold a payment that is here until its ``held_until_s``."""
        if self.remove(entry):
            self._held.add(entry)

    def remove(self, entry: Entry) -> bool:
        """Take out a payment, wherever it is; that takes time.

        Returns:
            Whether it was here.
        """
        if self._held.remove(entry):
            return True
        for heap in chain(self._bound.values(), self._suspected.values()):
            for place, each in enumerate(heap):
                if each[2] is entry:
                    del heap[place]
                    heapify(heap)
                    return True
        return False

    def _at(self, processor: str) -> tuple[Heap, Heap]:
        return self._bound[processor], self._suspected[processor]
