"""What one processor has committed: the table ``payments`` of the real one, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator


class Row(NamedTuple):
    """One committed payment.

    Args:
        amount_cents: rounded to cents, as the processor does.
        requested_at_us: microseconds since the Unix epoch, the processor's resolution.
    """

    amount_cents: int
    requested_at_us: int


class Totals(NamedTuple):
    """Number and sum of some rows."""

    requests: int
    amount_cents: int


class Rows:
    """Committed payments by id; an id commits once."""

    def __init__(self) -> None:
        self._rows: dict[bytes, Row] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def insert(self, payment_id: bytes, row: Row) -> bool:
        """Commit a payment.

        Returns:
            Whether it is new. If not, the first row stays as it is.
        """
        return self._rows.setdefault(payment_id, row) is row

    def find(self, payment_id: bytes) -> Row | None:
        """Return the row of this id, if it is committed."""
        return self._rows.get(payment_id)

    def totals(self, from_us: int | None, to_us: int | None) -> Totals:
        """Sum the rows of ``from_us <= requestedAt <= to_us``; of *all* rows if either bound is missing.

        That is the real one's SQL: ``WHERE requested_at BETWEEN @from AND @to OR @from IS NULL OR @to IS NULL``.
        """
        amounts = [
            row.amount_cents
            for row in self._rows.values()
            if from_us is None or to_us is None or from_us <= row.requested_at_us <= to_us
        ]
        return Totals(len(amounts), sum(amounts))

    def clear(self) -> None:
        """Forget every row."""
        self._rows.clear()

    def dump(self) -> Iterator[dict[str, object]]:
        """Yield every row as JSON values, in the order of the commits.

        ``requested_at_ms`` is an integer wherever the row has whole milliseconds.
        """
        for payment_id, row in self._rows.items():
            whole_ms, rest_us = divmod(row.requested_at_us, 1000)
            yield {
                "id": str(UUID(bytes=payment_id)),
                "amount_cents": row.amount_cents,
                "requested_at_ms": row.requested_at_us / 1000 if rest_us else whole_ms,
            }
