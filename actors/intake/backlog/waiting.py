"""The payments that wait: in lines, so that none holds up another that may go where it may not, or at rest."""

from __future__ import annotations

from bisect import insort
from collections import deque
from heapq import heapify, heappop, heappush
from itertools import chain, count
from operator import attrgetter
from typing import TYPE_CHECKING

from actors.intake.backlog.entry import FRESH

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from actors.intake.backlog.entry import Entry, Kind

_taken_at_s = attrgetter("taken_at_s")


class Waiting:
    """A line for each kind of payment (``entry.Kind``), and those at rest after a refusal, whom no line waits for."""

    def __init__(self) -> None:
        self._fresh: deque[Entry] = deque()  # nearly all there are: found without a look into the lines
        self._lines: dict[Kind, deque[Entry]] = {FRESH: self._fresh}
        self._tiebreak = count()
        self._resting: list[tuple[float, int, Entry]] = []

    def __len__(self) -> int:
        return len(self._resting) + sum(map(len, self._lines.values()))

    def __bool__(self) -> bool:
        return bool(self._fresh or self._resting) or any(self._lines.values())

    def __iter__(self) -> Iterator[Entry]:
        return chain(*self._lines.values(), self.resting())

    def add(self, entry: Entry) -> None:
        """Have a payment wait: behind all others if it is new, and by its age if it isn't."""
        if entry.kind is FRESH:
            self._fresh.append(entry)
        else:
            insort(self._lines.setdefault(entry.kind, deque()), entry, key=_taken_at_s)

    def add_first(self, entry: Entry) -> None:
        """Have a new payment wait before all others."""
        self._fresh.appendleft(entry)

    def rest(self, entry: Entry, until_s: float) -> None:
        """Have a payment rest until an instant, and wait from then on."""
        heappush(self._resting, (until_s, next(self._tiebreak), entry))
        entry.due_s = until_s

    def resting(self) -> Iterator[Entry]:
        """The payments at rest; the one whose rest ends first comes first."""
        return (entry for _until_s, _tiebreak, entry in self._resting)

    @property
    def rested_s(self) -> float | None:
        """When the next rest ends, on the monotonic clock; None if nobody rests."""
        return self._resting[0][0] if self._resting else None

    def heads(self, now_s: float, besides: Collection[bytes] = ()) -> list[Entry]:
        """The first of each line, the oldest first; but none of those ids."""
        while self._resting and self._resting[0][0] <= now_s:
            self.add(heappop(self._resting)[2])
        if besides:
            firsts = (
                next((each for each in line if each.payment.payment_id not in besides), None)
                for line in self._lines.values()
            )
            heads = [each for each in firsts if each is not None]
        elif len(self._lines) == 1:
            return [self._fresh[0]] if self._fresh else []
        else:
            heads = [line[0] for line in self._lines.values() if line]
        heads.sort(key=_taken_at_s)
        return heads

    @property
    def oldest(self) -> Entry | None:
        """The first in the line of those that nobody has refused; None without any."""
        return self._fresh[0] if self._fresh else None

    @property
    def newest(self) -> Entry | None:
        """The last in the line of those that nobody has refused; None without any."""
        line = self._lines[FRESH]
        return line[-1] if line else None

    def remove(self, entry: Entry) -> None:
        """Take out a payment. The first and the last of a line are found at once.

        Raises:
            ValueError: it doesn't wait; nothing has changed.
        """
        line = self._fresh if entry.kind is FRESH else self._lines.get(entry.kind)
        if line and line[0] is entry:
            line.popleft()
            return
        if line and line[-1] is entry:
            line.pop()
            return
        for index, (_until_s, _tiebreak, resting) in enumerate(self._resting):
            if resting is entry:
                self._resting[index] = self._resting[-1]
                self._resting.pop()
                heapify(self._resting)
                return
        self._lines[entry.kind].remove(entry)
