"""A journal's history (``actors.ports.History``) over rows in memory, told the plain way: each of them is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.facts import SpanSum
from actors.values import LedgerRow, Totals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    SettledRow = tuple[bytes, int, str, int, int]


def sums_of(rows: Iterable[SettledRow], sum_ms: int) -> list[SpanSum]:
    """What ``Store.sums`` tells of rows."""
    sums: dict[tuple[int, str], tuple[int, int]] = {}
    for _id, _taken, processor, cents, at_ms in rows:
        key = at_ms // sum_ms * sum_ms, processor
        payments, before = sums.get(key, (0, 0))
        sums[key] = payments + 1, before + cents
    return [SpanSum(name, starts_ms, *sums[starts_ms, name]) for starts_ms, name in sorted(sums)]


class MemoryHistory:
    """Tells of rows.

    Args:
        epoch: their epoch.
        rows: tells them all, in the order of their settling.
        wait: called before each answer.
    """

    blocks_thread = False

    def __init__(
        self,
        epoch: Callable[[], int],
        rows: Callable[[], Sequence[SettledRow]],
        wait: Callable[[], None] = lambda: None,
    ) -> None:
        self._epoch = epoch
        self._rows = rows
        self._wait = wait

    def totals(self, epoch: int, spans: Sequence[tuple[int, int]]) -> dict[str, Totals] | None:
        self._wait()
        if epoch != self._epoch():
            return None
        found: dict[str, Totals] = {}
        for _id, _taken, processor, cents, at_ms in self._rows():
            if any(start <= at_ms < end for start, end in spans):
                requests, before = found.get(processor, Totals(0, 0))
                found[processor] = Totals(requests + 1, before + cents)
        return found

    def rows(self, epoch: int, start: int, limit: int) -> list[LedgerRow] | None:
        self._wait()
        if epoch != self._epoch():
            return None
        return [_ledger_row(each) for each in self._rows()[start : start + limit]]

    def row(self, epoch: int, payment_id: bytes) -> LedgerRow | None:
        self._wait()
        rows = self._rows() if epoch == self._epoch() else ()
        return next((_ledger_row(each) for each in rows if each[0] == payment_id), None)

    def close(self) -> None:
        pass


def _ledger_row(row: SettledRow) -> LedgerRow:
    payment_id, _taken, processor, cents, at_ms = row
    return LedgerRow(payment_id, processor, cents, at_ms)
