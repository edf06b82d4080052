"""What came into the books since the start, by processor: sums that a purge doesn't make fall."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.values import Summary


class SettledSums:
    """Adds up differences of the books. What was in them at the start doesn't count.

    Attributes:
        payments: how many, by processor.
        cents: their sums in cents.
    """

    def __init__(self) -> None:
        self.payments: dict[str, int] = {}
        self.cents: dict[str, int] = {}
        self._epoch = 0
        self._books: Summary | None = None

    def take(self, epoch: int, books: Summary) -> None:
        """Take the present books.

        Args:
            epoch: of the intake; a later one than before began with empty books.
            books: their sums. If they are those of an earlier epoch yet, less counts for now, and the rest later.
        """
        if self._books is None:
            self._epoch, self._books = epoch, books
        before = {} if epoch > self._epoch else self._books
        payments, cents = dict(self.payments), dict(self.cents)
        for name, (requests, amount_cents) in books.items():
            old_requests, old_cents = before.get(name, (0, 0))
            payments[name] = payments.get(name, 0) + max(0, requests - old_requests)
            cents[name] = cents.get(name, 0) + max(0, amount_cents - old_cents)
        self.payments, self.cents, self._epoch, self._books = payments, cents, epoch, books
