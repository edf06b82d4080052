"""Sums by span, packed: a year of minutes at two processors is a million of them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from actors.facts import SpanSum

if TYPE_CHECKING:
    from collections.abc import Iterable

_INT64_MAX = 2**63 - 1


class SpanSums(Sequence[SpanSum]):
    """A sequence that makes each ``SpanSum`` when it is asked for: 26 bytes for one, not 190.

    Args:
        span_ms: how long each span is.
        rows: processor, the span's number, payments and cents of each.
    """

    def __init__(self, span_ms: int, rows: Iterable[tuple[str, int, int, int]]) -> None:
        self._span_ms = span_ms
        self._names: list[str] = []
        self._processors, self._numbers = array("H"), array("q")
        self._payments, self._cents = array("q"), array("q")
        self._huge: dict[int, int] = {}
        places: dict[str, int] = {}
        for index, (name, number, payments, cents) in enumerate(rows):
            if name not in places:
                places[name] = len(self._names)
                self._names.append(name)
            self._processors.append(places[name])
            self._numbers.append(number)
            self._payments.append(payments)
            if -_INT64_MAX <= cents <= _INT64_MAX:
                self._cents.append(cents)
            else:
                self._cents.append(0)
                self._huge[index] = cents

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> SpanSum: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SpanSum]: ...
    def __getitem__(self, index: int | slice) -> SpanSum | Sequence[SpanSum]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        name = self._names[self._processors[place]]
        cents = self._huge.get(place, self._cents[place])
        return SpanSum(name, self._numbers[place] * self._span_ms, self._payments[place], cents)
