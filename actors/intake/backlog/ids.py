"""The ids of one epoch, each with the amount that it was taken with: what is new, known, different or written off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.packed.id_map import RECORDS_PER_BUCKET, IdMap
from actors.values import Verdict

if TYPE_CHECKING:
    from actors.values import Payment


class Ids:
    """Every id that was ever taken; none is forgotten before the epoch ends.

    Args:
        records_per_bucket: of the map of known ids.

    Attributes:
        duplicates: how often a known id came with its amount.
        conflicts: how often one came with another amount.
    """

    def __init__(self, records_per_bucket: int = RECORDS_PER_BUCKET) -> None:
        self._cents = IdMap(records_per_bucket)
        self._written_off: set[bytes] = set()
        self.duplicates = self.conflicts = 0

    def __len__(self) -> int:
        return len(self._cents)

    def __contains__(self, payment_id: bytes) -> bool:
        return self._cents.get(payment_id) >= 0

    def cents(self, payment_id: bytes) -> int:
        """The amount in cents that an id was taken with; -1 if it isn't known."""
        return self._cents.get(payment_id)

    def starting_with(self, digits: str, limit: int) -> list[bytes]:
        """As ``IdMap.starting_with``."""
        return self._cents.starting_with(digits, limit)

    def enter(self, payment: Payment) -> Verdict | None:
        """Enter a payment's id, unless it is known: then the amount decides between a duplicate and a conflict.

        Returns:
            What becomes of a payment whose id is known; None if it is new, and known from now on.
        """
        known_cents = self._cents.get(payment.payment_id)
        if known_cents < 0:
            self._cents.add(payment.payment_id, payment.amount_cents)
            return None
        if known_cents == payment.amount_cents:
            if payment.payment_id in self._written_off:
                return Verdict.WRITTEN_OFF
            self.duplicates += 1
            return Verdict.TAKEN
        self.conflicts += 1
        return Verdict.CONFLICT

    def add(self, payment: Payment) -> None:
        """Enter a payment's id that isn't known."""
        self._cents.add(payment.payment_id, payment.amount_cents)

    def restore(self, amounts_cents: IdMap) -> None:
        """Begin with the amounts of a journal; the map is its own now."""
        self._cents = amounts_cents

    def write_off(self, payment_id: bytes) -> None:
        """Note that an id, which is known, is written off."""
        self._written_off.add(payment_id)

    def is_written_off(self, payment_id: bytes) -> bool:
        """Whether an id is written off."""
        return payment_id in self._written_off

    @property
    def written_off(self) -> int:
        """How many are."""
        return len(self._written_off)
