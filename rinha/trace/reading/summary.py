"""Where the time of many payments goes: a row for each hop."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from actors.tracing import HOPS
from rinha.trace.reading.words import duration, milliseconds, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rinha.trace.reading.spans import Trace


class Row(NamedTuple):
    """One hop of all payments.

    Args:
        hop: its name.
        number: how many there are.
        waited_ns: the 50th and the 99th percentile of its waits; None if no payment shows its cause.
        took_ns: the same of what it took.
        share: of all that was waited and done.
    """

    hop: str
    number: int
    waited_ns: tuple[int, int] | None
    took_ns: tuple[int, int]
    share: float


class Summary:
    """Counts and times hops, in 16 bytes a hop."""

    def __init__(self) -> None:
        self.payments = 0
        self.incomplete = 0
        self._took_ns = array("q")
        self._waited: dict[str, array[int]] = {}
        self._took: dict[str, array[int]] = {}
        self._spent: dict[str, int] = {}

    def add(self, trace: Trace) -> None:
        """Count one payment's hops."""
        self.payments += 1
        self.incomplete += bool(trace.missing)
        self._took_ns.append(trace.took_ns)
        for span in trace.spans:
            hop = span.hop
            if hop not in self._took:
                self._took[hop], self._waited[hop], self._spent[hop] = array("q"), array("q"), 0
            self._took[hop].append(span.line.took_ns)
            self._spent[hop] += span.waited_ns + span.own_ns
            if span.cause is not None:
                self._waited[hop].append(span.waited_ns)

    def rows(self) -> list[Row]:
        """The hops, in the order of their table."""
        whole = sum(self._spent.values()) or 1
        order = {name: number for number, name in enumerate(HOPS)}
        rows = []
        for hop in sorted(self._took, key=lambda each: order.get(each, len(order))):
            waited, took = sorted(self._waited[hop]), sorted(self._took[hop])
            rows.append(Row(hop, len(took), _ends(waited) if waited else None, _ends(took), self._spent[hop] / whole))
        return rows

    def lines(self) -> Iterator[str]:
        """A table for people."""
        took = sorted(self._took_ns)
        yield (
            f"{self.payments:,} payments: from first hop to last {duration(percentile(took, 50))} (p50), "
            f"{duration(percentile(took, 99))} (p99)"
        )
        if self.incomplete:
            yield f"incomplete: {self.incomplete:,} of them ({percent(self.incomplete, self.payments)}) lack hops"
        rows = self.rows()
        most = max(rows, key=lambda row: row.share)
        yield f"most time goes to {most.hop}: {100 * most.share:.0f} % of all that was waited and done"
        yield ""
        yield f"{'hop':18}{'count':>11}{'waited p50':>12}{'p99':>11}{'took p50':>12}{'p99':>11}{'share':>8}"
        for row in rows:
            waits = map(duration, row.waited_ns) if row.waited_ns else ("", "")
            cells = (*waits, *map(duration, row.took_ns))
            numbers = "".join(f"{cell:>{width}}" for cell, width in zip(cells, (12, 11, 12, 11), strict=True))
            yield f"{row.hop:18}{row.number:>11,}{numbers}{100 * row.share:>6.1f} %"

    def as_json(self) -> dict[str, object]:
        """The same for programs, times in milliseconds."""
        return {
            "payments": self.payments,
            "incomplete": self.incomplete,
            "hops": [
                {
                    "hop": row.hop,
                    "count": row.number,
                    "waited_ms": _ends_as_json(row.waited_ns),
                    "took_ms": _ends_as_json(row.took_ns),
                    "share": round(row.share, 4),
                }
                for row in self.rows()
            ],
        }


def _ends(ordered: list[int]) -> tuple[int, int]:
    return percentile(ordered, 50), percentile(ordered, 99)


def _ends_as_json(ends: tuple[int, int] | None) -> dict[str, float] | None:
    return ends and {"p50": milliseconds(ends[0]), "p99": milliseconds(ends[1])}


def percentile(ordered: list[int], percents: int) -> int:
    """The nearest-rank percentile of numbers in order, of which there is at least one."""
    return ordered[max(0, -(-len(ordered) * percents // 100) - 1)]
