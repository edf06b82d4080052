"""The books: settled payments, and their sums over any range of ``requestedAt``, without a scan.

Without a journal every row is held. With one, whose history is the truth, the books hold the newest rows and, of all,
sums by span: rows are held in two generations, of which the older has lost its ids, and is let go when the newer is
full. Before the instant ``exact_from_ms`` sums count alone, from it on rows alone, so that nothing counts twice or is
missed, whatever the order in which rows came. What a range cuts of a span before it, the journal has to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actors.ledger.rows import Rows
from actors.ledger.sums import SpanSums
from actors.ledger.timeline import BLOCK_ROWS
from actors.packed.id_map import RECORDS_PER_BUCKET
from actors.ports import SUM_MS
from actors.values import Totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actors.facts import SpanSum
    from actors.packed.id_map import IdMap
    from actors.values import LedgerRow, Summary


REPEATED_MAX = 10_000
"""Who enters a row again, after a crash, does so before so many others: so long the older generation keeps its ids."""


class Summed(NamedTuple):
    """What the books say of a range of instants.

    Args:
        epoch: whose books these are.
        totals: by processor, without ``cuts``.
        cuts: what else is in the range and only the journal knows: from and to, in ms; the end is not in it. Each lies
            within one span.
    """

    epoch: int
    totals: Summary
    cuts: tuple[tuple[int, int], ...] = ()


class InJournal(NamedTuple):
    """Instead of rows: not all are held, the journal has them.

    Args:
        epoch: whose books these are.
        total: how many payments are in them.
    """

    epoch: int
    total: int


class Book:
    """The settled payments of one epoch. It outlives the ledger actor's restarts.

    Args:
        processors: the processors' names, in the order of summaries.
        epoch: the epoch to begin in.
        rows_max: rows to hold at most, where a journal has all; None holds every one.
        records_per_bucket: of the map of ids.
        block_rows: of the timelines.
        sum_ms: how long a span is.
    """

    def __init__(
        self,
        processors: Sequence[str],
        epoch: int = 0,
        *,
        rows_max: int | None = None,
        records_per_bucket: int = RECORDS_PER_BUCKET,
        block_rows: int = BLOCK_ROWS,
        sum_ms: int = SUM_MS,
    ) -> None:
        self._names = tuple(processors)
        self._rows_max = rows_max
        self._sizes = records_per_bucket, block_rows
        self._sum_ms = sum_ms
        self.epoch = epoch
        self._clear()

    def _clear(self) -> None:
        self._newer, self._older = Rows(self._names, *self._sizes), Rows(self._names, *self._sizes)
        self._sums = {name: SpanSums() for name in self._names}
        self._payments = 0
        self.exact_from_ms: int | None = None
        """From this instant on every row is held; None if all are, whenever they were requested."""

    def __len__(self) -> int:
        """How many payments are in the books, held exactly or not."""
        return self._payments

    @property
    def is_whole(self) -> bool:
        """Whether every row is held, with its id."""
        return self._payments == len(self._newer) + len(self._older) and self._older.has_ids

    def record(self, row: LedgerRow, epoch: int) -> bool:
        """Enter a settled payment. Entering it twice, or one of an earlier epoch, changes nothing.

        Returns:
            Whether it was new.

        Raises:
            KeyError: there is no such processor; nothing has changed.
        """
        if epoch != self.epoch or row.payment_id in self._newer or (self._older and row.payment_id in self._older):
            return False
        self._newer.add(row)
        self._payments += 1
        if self._rows_max is not None:
            self._sums[row.processor].add(row.requested_at_ms // self._sum_ms, 1, row.amount_cents)
            if len(self._newer) >= self._rows_max // 2:
                self._let_go()
            elif len(self._newer) == REPEATED_MAX:
                self._older.let_ids_go()
        return True

    def _let_go(self) -> None:
        last_ms = self._older.last_ms
        if last_ms is not None:
            end_ms = (last_ms // self._sum_ms + 1) * self._sum_ms
            self.exact_from_ms = end_ms if self.exact_from_ms is None else max(end_ms, self.exact_from_ms)
        self._older, self._newer = self._newer, Rows(self._names, *self._sizes)

    def restore(self, sums: Iterable[SpanSum], rows_max: int) -> int | None:
        """Begin with the sums of a journal, in empty books.

        Args:
            sums: of all its settled payments.
            rows_max: at most so many rows are to be entered by ``extend``.

        Returns:
            From which instant on rows are to be entered, all of them; None for every one.

        Raises:
            KeyError: a sum names a processor that there is not.
        """
        for name, starts_ms, payments, cents in sums:
            self._sums[name].add(starts_ms // self._sum_ms, payments, cents)
            self._payments += payments
        if self._payments > rows_max:
            self.exact_from_ms = self._newest_from_ms(rows_max)
        return self.exact_from_ms

    def _newest_from_ms(self, rows_max: int) -> int:
        by_span: dict[int, int] = {}
        for sums in self._sums.values():
            held = 0
            for span, payments in reversed(sums):
                held += payments
                by_span[span] = by_span.get(span, 0) + payments
                if held > rows_max:
                    break
        newest = sorted(by_span, reverse=True)
        held, first = 0, newest[0] + 1
        for span in newest:
            held += by_span[span]
            if held > rows_max:
                break
            first = span
        return first * self._sum_ms

    def extend(
        self,
        payment_ids: Sequence[bytes],
        processors: Sequence[str],
        amounts_cents: Sequence[int],
        instants_ms: Sequence[int],
    ) -> None:
        """Hold many rows whose sums are here, by column; see ``Rows.extend``."""
        self._newer.extend(payment_ids, processors, amounts_cents, instants_ms)

    def ids_with(self, numbers: Sequence[int]) -> IdMap:
        """A map of the ids that ``extend`` entered, each with the number in the place of its row."""
        return self._newer.ids_with(numbers)

    def summary(self, from_ms: int | None, to_ms: int | None) -> Summed:
        """Totals by processor of what has ``from_ms <= requestedAt <= to_ms``, as far as the books know."""
        edge_ms = self.exact_from_ms
        if edge_ms is None:
            return Summed(self.epoch, {name: self._exact(name, from_ms, to_ms) for name in self._names})
        exact_from_ms = edge_ms if from_ms is None else max(from_ms, edge_ms)
        totals = {name: self._exact(name, exact_from_ms, to_ms) for name in self._names}
        end_ms = edge_ms if to_ms is None else min(to_ms + 1, edge_ms)
        if from_ms is not None and from_ms >= end_ms:
            return Summed(self.epoch, totals)
        first = None if from_ms is None else -(-from_ms // self._sum_ms)
        end = end_ms // self._sum_ms
        cuts = [(end * self._sum_ms, end_ms)]
        if from_ms is not None and first is not None:
            cuts = [(from_ms, end_ms)] if first > end else [(from_ms, first * self._sum_ms), *cuts]
        if first is None or first < end:
            totals = {name: plus(each, self._sums[name].totals(first, end)) for name, each in totals.items()}
        return Summed(self.epoch, totals, tuple(each for each in cuts if each[0] < each[1] and self._has_any(each)))

    def _exact(self, name: str, from_ms: int | None, to_ms: int | None) -> Totals:
        newer = self._newer.totals(name, from_ms, to_ms)
        return plus(newer, self._older.totals(name, from_ms, to_ms)) if self._older else newer

    def _has_any(self, cut: tuple[int, int]) -> bool:
        return any(cut[0] // self._sum_ms in each for each in self._sums.values())

    def rows(self, start: int, limit: int) -> list[LedgerRow]:
        """At most ``limit`` rows from index ``start`` on, in the order of their entering, while all are held."""
        older = self._older.page(start, limit)
        return older + self._newer.page(max(0, start - len(self._older)), limit - len(older))

    def row(self, payment_id: bytes) -> LedgerRow | None:
        """The row of a payment; None if it isn't held."""
        return self._newer.row(payment_id) or self._older.row(payment_id)

    def forget(self, epoch: int) -> None:
        """Empty the books for a new epoch; an epoch that isn't newer changes nothing."""
        if epoch > self.epoch:
            self.epoch = epoch
            self._clear()


def plus(some: Totals, others: Totals) -> Totals:
    """The sum of two."""
    return Totals(some.requests + others.requests, some.amount_cents + others.amount_cents)
