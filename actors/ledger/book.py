"""The books: settled payments, and their sums over any range of ``requestedAt``, without a scan."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from actors.ledger.timeline import BLOCK_ROWS, Timeline
from actors.packed.column import Column
from actors.packed.id_map import RECORDS_PER_BUCKET, IdMap, bucket_hash
from actors.values import LedgerRow, Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOM_MS = 2**30
"""Instants take 4 bytes from 12 days before the first one until 37 days after it."""


class Book:
    """The settled payments of one epoch. It outlives the ledger actor's restarts.

    Args:
        processors: the processors' names, in the order of summaries.
        epoch: the epoch to begin in.
        records_per_bucket: of the map of ids.
        block_rows: of the timelines.
    """

    def __init__(
        self,
        processors: Sequence[str],
        epoch: int = 0,
        *,
        records_per_bucket: int = RECORDS_PER_BUCKET,
        block_rows: int = BLOCK_ROWS,
    ) -> None:
        self._records_per_bucket = records_per_bucket
        self._block_rows = block_rows
        self._names = tuple(processors)
        self._numbers = {name: number for number, name in enumerate(self._names)}
        self.epoch = epoch
        self._clear()

    def _clear(self) -> None:
        self._ids = IdMap(self._records_per_bucket)  # to the number of the row
        self._bucket_hashes = array("I")
        self._processors = bytearray()
        self._amounts = Column()
        self._instants = Column()
        self._timelines = {name: Timeline(self._instants, self._amounts, self._block_rows) for name in self._names}

    def __len__(self) -> int:
        return len(self._processors)

    def record(self, row: LedgerRow, epoch: int) -> bool:
        """Enter a settled payment. Entering it twice, or one of an earlier epoch, changes nothing.

        Returns:
            Whether it was new.

        Raises:
            KeyError: there is no such processor; nothing has changed.
        """
        payment_id, processor, amount_cents, requested_at_ms = row
        number = self._numbers[processor]
        if epoch != self.epoch or self._ids.get(payment_id) >= 0:
            return False
        rows = len(self)
        if not rows:
            self._instants.base = requested_at_ms - ROOM_MS
        self._timelines[processor].add(rows, requested_at_ms, amount_cents)
        self._ids.add(payment_id, rows)
        self._bucket_hashes.append(bucket_hash(payment_id))
        self._amounts.append(amount_cents)
        self._instants.append(requested_at_ms)
        self._processors.append(number)
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
        numbers = [self._numbers[name] for name in processors]
        first = len(self)
        if instants_ms and not first:
            self._instants.base = instants_ms[0] - ROOM_MS
        for row, payment_id in enumerate(payment_ids, first):
            self._ids.add(payment_id, row)
        self._bucket_hashes.extend(map(bucket_hash, payment_ids))
        self._processors.extend(numbers)
        self._amounts.extend(amounts_cents)
        self._instants.extend(instants_ms)
        for name, timeline in self._timelines.items():
            timeline.extend([row for row, each in enumerate(processors, first) if each == name])

    def ids_with(self, numbers: Sequence[int]) -> IdMap:
        """A map of all ids, each with the number in the place of its row."""
        return self._ids.with_numbers(numbers)

    def summary(self, from_ms: int | None, to_ms: int | None) -> dict[str, Totals]:
        """Totals by processor of what has ``from_ms <= requestedAt <= to_ms``."""
        return {name: timeline.totals(from_ms, to_ms) for name, timeline in self._timelines.items()}

    def rows(self, start: int, limit: int) -> list[LedgerRow]:
        """At most ``limit`` rows from index ``start`` on, in the order of their entering."""
        return [
            LedgerRow(
                self._ids.id_of(i, self._bucket_hashes[i]),
                self._names[self._processors[i]],
                self._amounts[i],
                self._instants[i],
            )
            for i in range(start, min(start + limit, len(self)))
        ]

    def row(self, payment_id: bytes) -> LedgerRow | None:
        """The row of a payment; None if it isn't in the books."""
        number = self._ids.get(payment_id)
        if number < 0:
            return None
        name = self._names[self._processors[number]]
        return LedgerRow(payment_id, name, self._amounts[number], self._instants[number])

    def forget(self, epoch: int) -> None:
        """Empty the books for a new epoch; an epoch that isn't newer changes nothing."""
        if epoch > self.epoch:
            self.epoch = epoch
            self._clear()
