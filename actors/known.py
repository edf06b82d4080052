"""Which payments of an epoch were ever taken, and with what amounts: some 32 bytes each."""

from __future__ import annotations

from array import array

from actors.id_index import IdIndex


class KnownPayments:
    """Amounts by id. Nothing is ever taken out; a purge makes a new one."""

    def __init__(self) -> None:
        self._index = IdIndex()
        self._amounts = array("q")

    def __len__(self) -> int:
        return len(self._index)

    def amount_cents(self, payment_id: bytes) -> int | None:
        """The amount that a payment was taken with; None if it never was."""
        row = self._index.find(payment_id)
        return None if row < 0 else self._amounts[row]

    def add(self, payment_id: bytes, amount_cents: int) -> None:
        """Enter a payment that isn't known yet."""
        self._index.add(payment_id)
        self._amounts.append(amount_cents)

    def restore(self, index: IdIndex, amounts_cents: array[int]) -> None:
        """Begin with many payments: their ids, which are its own from now on, and their amounts in the same order."""
        self._index, self._amounts = index, amounts_cents
