"""The books: settled payments, and their sums over any range of ``requestedAt``, without a scan."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from itertools import accumulate
from typing import TYPE_CHECKING

from actors.id_index import IdIndex
from actors.messages import LedgerRow, Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

LATE_MAX = 512
"""Entries out of order that a timeline keeps beside its sorted ones before it merges them.

A merge costs as much as the entries after the oldest late one, a summary at most so many additions.
"""


class Timeline:
    """Amounts by instant, with sums over ranges in logarithmic time.

    Most entries arrive in order and are appended to two sorted arrays: instants, and prefix sums of the amounts. Those
    that arrive late (their attempt took longer) are kept apart, sorted, and merged from time to time.
    """

    def __init__(self) -> None:
        self._instants = array("q")
        self._sums = array("q", (0,))
        self._late: list[tuple[int, int]] = []

    def add(self, instant_ms: int, amount_cents: int) -> None:
        """Enter an amount at an instant."""
        if not self._instants or instant_ms >= self._instants[-1]:
            self._instants.append(instant_ms)
            self._sums.append(self._sums[-1] + amount_cents)
        else:
            insort(self._late, (instant_ms, amount_cents))
            if len(self._late) > LATE_MAX:
                self._merge()

    def extend(self, entries: list[tuple[int, int]]) -> None:
        """Enter many instants and amounts; mostly they are later than all before."""
        entries.sort()
        late = bisect_left(entries, (self._instants[-1],)) if self._instants else 0
        for instant_ms, amount_cents in entries[:late]:
            self.add(instant_ms, amount_cents)
        self._instants.extend([each[0] for each in entries[late:]])
        total = self._sums.pop()
        self._sums.extend(accumulate((each[1] for each in entries[late:]), initial=total))

    def totals(self, from_ms: int | None, to_ms: int | None) -> Totals:
        """Count and sum what lies in the range, both ends inclusive; None leaves an end open."""
        first = 0 if from_ms is None else bisect_left(self._instants, from_ms)
        last = len(self._instants) if to_ms is None else bisect_right(self._instants, to_ms)
        first_late = 0 if from_ms is None else bisect_left(self._late, (from_ms,))
        last_late = len(self._late) if to_ms is None else bisect_left(self._late, (to_ms + 1,))
        if last <= first and last_late <= first_late:
            return Totals(0, 0)
        requests = max(0, last - first) + max(0, last_late - first_late)
        cents = self._sums[last] - self._sums[first] if last > first else 0
        return Totals(requests, cents + sum(each[1] for each in self._late[first_late:last_late]))

    def _merge(self) -> None:
        start = bisect_right(self._instants, self._late[0][0])
        sums = self._sums[start:]
        newer = ((at, sums[i + 1] - sums[i]) for i, at in enumerate(self._instants[start:]))
        tail = sorted([*self._late, *newer])
        instants, amounts = self._instants[:start], accumulate((each[1] for each in tail), initial=sums[0])
        instants.extend(each[0] for each in tail)
        # Assigned together at the end, so that an error on the way leaves the timeline as it was.
        self._instants, self._sums, self._late = instants, self._sums[:start] + array("q", amounts), []


class Book:
    """The settled payments of one epoch. It outlives the ledger actor's restarts.

    Args:
        processors: the processors' names, in the order of summaries.
    """

    def __init__(self, processors: Sequence[str]) -> None:
        self._names = tuple(processors)
        self._numbers = {name: number for number, name in enumerate(self._names)}
        self.epoch = 0
        self._clear()

    def _clear(self) -> None:
        self._timelines = {name: Timeline() for name in self._names}
        self._ids = IdIndex()
        self._processors = bytearray()
        self._amounts = array("q")
        self._instants = array("q")

    def __len__(self) -> int:
        return len(self._instants)

    def record(self, row: LedgerRow, epoch: int) -> bool:
        """Enter a settled payment. Entering it twice, or one of an earlier epoch, changes nothing.

        Returns:
            Whether it was new.

        Raises:
            KeyError: there is no such processor; nothing has changed.
        """
        number = self._numbers[row.processor]
        if epoch != self.epoch or self._ids.find(row.payment_id) >= 0:
            return False
        self._timelines[row.processor].add(row.requested_at_ms, row.amount_cents)
        self._ids.add(row.payment_id)
        self._processors.append(number)
        self._amounts.append(row.amount_cents)
        self._instants.append(row.requested_at_ms)
        return True

    def extend(
        self,
        payment_ids: Sequence[bytes],
        processors: Sequence[str],
        amounts_cents: Sequence[int],
        instants_ms: Sequence[int],
    ) -> None:
        """Enter many rows of the present epoch, by column; none is here or comes twice.

        Raises:
            KeyError: a row names a processor that there is not; nothing has changed.
        """
        self._processors.extend([self._numbers[name] for name in processors])
        self._ids.extend(payment_ids)
        self._amounts.extend(amounts_cents)
        self._instants.extend(instants_ms)
        for name, timeline in self._timelines.items():
            rows = zip(processors, instants_ms, amounts_cents, strict=True)
            timeline.extend([(at, amount) for processor, at, amount in rows if processor == name])

    def ids(self) -> IdIndex:
        """A copy of the index of all ids, numbered in the order of their entering."""
        return self._ids.copy()

    def summary(self, from_ms: int | None, to_ms: int | None) -> dict[str, Totals]:
        """Totals by processor of what has ``from_ms <= requestedAt <= to_ms``."""
        return {name: timeline.totals(from_ms, to_ms) for name, timeline in self._timelines.items()}

    def rows(self, start: int, limit: int) -> list[LedgerRow]:
        """At most ``limit`` rows from index ``start`` on, in the order of their entering."""
        return [
            LedgerRow(self._ids[i], self._names[self._processors[i]], self._amounts[i], self._instants[i])
            for i in range(start, min(start + limit, len(self)))
        ]

    def forget(self, epoch: int) -> None:
        """Empty the books for a new epoch; an epoch that isn't newer changes nothing."""
        if epoch > self.epoch:
            self.epoch = epoch
            self._clear()
