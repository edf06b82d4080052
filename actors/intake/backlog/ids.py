"""The ids of one epoch, each with the amount that it was taken with: what is new, known, different or written off.

Without a journal all are held. With one, whose history is the truth, they are held in two generations, of which the
older is let go when the newer is full: an id that isn't here may then be known to the journal, which says so when the
payment is put on record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.packed.id_map import RECORDS_PER_BUCKET, IdMap
from actors.values import Verdict

if TYPE_CHECKING:
    from actors.facts import Known
    from actors.values import Payment


class Ids:
    """Every id that was ever taken, or the newest of them; none is forgotten by the journal before the epoch ends.

    Args:
        records_per_bucket: of the map of known ids.
        ids_max: ids to hold at most, where a journal knows all; None holds every one.

    Attributes:
        taken: how many were ever taken.
        forgets: whether an id may have been taken that isn't here any more, or won't be after some more.
        duplicates: how often a known id came with its amount.
        conflicts: how often one came with another amount.
    """

    def __init__(self, records_per_bucket: int = RECORDS_PER_BUCKET, ids_max: int | None = None) -> None:
        self._records_per_bucket = records_per_bucket
        self._ids_max = ids_max
        self._cents, self._older = IdMap(records_per_bucket), IdMap(records_per_bucket)
        self._written_off: dict[bytes, int] = {}
        """Few, and held for good: with the amount each was taken with."""
        self.taken = 0
        self.forgets = False
        self.duplicates = self.conflicts = 0

    def __contains__(self, payment_id: bytes) -> bool:
        return self.cents(payment_id) >= 0

    def cents(self, payment_id: bytes) -> int:
        """The amount in cents that an id was taken with; -1 if it isn't here."""
        cents = self._cents.get(payment_id)
        if cents < 0 and self._older:
            cents = self._older.get(payment_id)
        return self._written_off.get(payment_id, -1) if cents < 0 and self._written_off else cents

    def starting_with(self, digits: str, limit: int) -> list[bytes]:
        """As ``IdMap.starting_with``."""
        found = self._cents.starting_with(digits, limit)
        return found + self._older.starting_with(digits, limit - len(found)) if len(found) < limit else found

    def enter(self, payment: Payment) -> Verdict | None:
        """Enter a payment's id, unless it is known: then the amount decides between a duplicate and a conflict.

        Returns:
            What becomes of a payment whose id is known; None if it is new, and known from now on.
        """
        known_cents = self.cents(payment.payment_id)
        if known_cents < 0:
            self.add(payment)
            return None
        return self.compare(payment, known_cents)

    def compare(self, payment: Payment, known_cents: int) -> Verdict:
        """Count a payment whose id is known with an amount.

        Returns:
            What becomes of it.
        """
        if known_cents != payment.amount_cents:
            self.conflicts += 1
            return Verdict.CONFLICT
        if payment.payment_id in self._written_off:
            return Verdict.WRITTEN_OFF
        self.duplicates += 1
        return Verdict.TAKEN

    def add(self, payment: Payment) -> None:
        """Enter a payment's id that isn't known."""
        self._cents.add(payment.payment_id, payment.amount_cents)
        self.taken += 1
        if self._ids_max is not None and len(self._cents) >= self._ids_max // 2:
            self.forgets = True
            self._older, self._cents = self._cents, IdMap(self._records_per_bucket)

    def take_back(self, payment: Payment, known: Known) -> Verdict:
        """A payment that was entered as new was known to the journal.

        Returns:
            What becomes of it.
        """
        self.taken -= 1
        for held in (self._cents, self._older):  # or in neither: they may have been let go meanwhile
            if payment.payment_id in held:
                held.replace(payment.payment_id, known.taken_cents)
        if known.written_off:
            self._written_off[payment.payment_id] = known.taken_cents
        return self.compare(payment, known.taken_cents)

    def restore(self, amounts_cents: IdMap, taken: int) -> None:
        """Begin with a journal.

        Args:
            amounts_cents: the newest ids, with their amounts; the map is its own now.
            taken: how many ids the journal has.
        """
        self._cents = amounts_cents
        self.taken = taken
        self.forgets = taken > len(amounts_cents)

    def write_off(self, payment_id: bytes) -> None:
        """Note that an id, which is known, is written off."""
        self._written_off[payment_id] = self.cents(payment_id)

    def is_written_off(self, payment_id: bytes) -> bool:
        """Whether an id is written off."""
        return payment_id in self._written_off

    @property
    def written_off(self) -> int:
        """How many are."""
        return len(self._written_off)
