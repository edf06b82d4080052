"""How a span of time is put together from whole seconds, whose sums are kept, and from the rows at its ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

SECOND_MS = 1000
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1  # What both databases compare with.


class Cut(NamedTuple):
    """Spans, cut at whole seconds.

    Args:
        seconds: ranges of seconds since 1970, the end not in it.
        rows: ranges of ms, the end not in it; each lies within two seconds.
    """

    seconds: Sequence[tuple[int, int]]
    rows: Sequence[tuple[int, int]]

    def pruned(self, before_ms: int | None) -> list[tuple[int, int]]:
        """The seconds of those rows that may be there no more, as ranges; the end is not in it.

        Args:
            before_ms: rows from before it are archived; None if none are.
        """
        if before_ms is None:
            return []
        return [(low // SECOND_MS, -(-high // SECOND_MS)) for low, high in self.rows if low < before_ms]


def cut(spans: Sequence[tuple[int, int]]) -> Cut:
    """Cut spans at whole seconds.

    Args:
        spans: from and to, in ms; the end is not in it.
    """
    seconds: list[tuple[int, int]] = []
    rows: list[tuple[int, int]] = []
    for start_ms, end_ms in spans:
        start, end = max(start_ms, _INT64_MIN), min(end_ms, _INT64_MAX)
        first, last = -(-start // SECOND_MS), end // SECOND_MS
        if first < last:
            seconds.append((first, last))
            edges = [(start, first * SECOND_MS), (last * SECOND_MS, end)]
        else:
            edges = [(start, end)]
        rows += [(low, high) for low, high in edges if low < high]
    return Cut(seconds, rows)
