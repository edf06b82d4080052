"""Rows of the books that are held exactly: each by its id, and in the order of its instant."""

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


class Rows:
    """Settled payments, some 40 bytes each. Nothing is ever taken out.

    Args:
        processors: the processors' names.
        records_per_bucket: of the map of ids.
        block_rows: of the timelines.
    """

    def __init__(
        self,
        processors: Sequence[str],
        records_per_bucket: int = RECORDS_PER_BUCKET,
        block_rows: int = BLOCK_ROWS,
    ) -> None:
        self._names = tuple(processors)
        self._numbers = {name: number for number, name in enumerate(self._names)}
        self._ids = IdMap(records_per_bucket)  # to the number of the row
        self._bucket_hashes = array("I")
        self._processors = bytearray()
        self._amounts = Column()
        self._instants = Column()
        self._timelines = {name: Timeline(self._instants, self._amounts, block_rows) for name in self._names}

    def __len__(self) -> int:
        return len(self._processors)

    def __contains__(self, payment_id: bytes) -> bool:
        return self._ids.get(payment_id) >= 0

    def add(self, row: LedgerRow) -> None:
        """Enter a row whose id isn't here.

        Raises:
            KeyError: there is no such processor; nothing has changed.
        """
        payment_id, processor, amount_cents, requested_at_ms = row
        number = self._numbers[processor]
        rows = len(self)
        if not rows:
            self._instants.base = requested_at_ms - ROOM_MS
        self._timelines[processor].add(rows, requested_at_ms, amount_cents)
        self._ids.add(payment_id, rows)
        self._bucket_hashes.append(bucket_hash(payment_id))
        self._amounts.append(amount_cents)
        self._instants.append(requested_at_ms)
        self._processors.append(number)

    def extend(
        self,
        payment_ids: Sequence[bytes],
        processors: Sequence[str],
        amounts_cents: Sequence[int],
        instants_ms: Sequence[int],
    ) -> None:
        """Enter many rows, by column; none is here or comes twice.

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

    @property
    def has_ids(self) -> bool:
        """Whether ids are here, of those rows that there are."""
        return len(self._ids) == len(self)

    def let_ids_go(self) -> None:
        """Forget the ids, two thirds of what rows take: from now on sums are told alone."""
        self._ids = IdMap()
        self._bucket_hashes = array("I")

    def ids_with(self, numbers: Sequence[int]) -> IdMap:
        """A map of all ids, each with the number in the place of its row."""
        return self._ids.with_numbers(numbers)

    def totals(self, processor: str, from_ms: int | None, to_ms: int | None) -> Totals:
        """Totals of a processor's rows with ``from_ms <= requestedAt <= to_ms``; None leaves an end open."""
        return self._timelines[processor].totals(from_ms, to_ms)

    @property
    def last_ms(self) -> int | None:
        """The greatest instant; None without rows."""
        return max((each.last_ms for each in self._timelines.values() if each), default=None)

    def page(self, start: int, limit: int) -> list[LedgerRow]:
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
        """The row of a payment; None if it isn't here."""
        number = self._ids.get(payment_id)
        if number < 0:
            return None
        name = self._names[self._processors[number]]
        return LedgerRow(payment_id, name, self._amounts[number], self._instants[number])
