"""What one append comes to: entries of one epoch by kind, each payment at most once in each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from actors.facts import (
    AttemptRefused,
    AttemptStarted,
    FeedMark,
    PaymentClosed,
    PaymentCrashed,
    PaymentSettled,
    PaymentsPurged,
    PaymentTaken,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.facts import JournalEntry

_INT64_MAX = 2**63 - 1  # The widest integer that both databases keep.


class Batch(NamedTuple):
    """The entries of one append that count, to be written kind by kind in this order.

    Args:
        epoch: the epoch after the append; every entry here belongs to it.
        raises_epoch: the epoch is a new one: the store has not seen it yet.
        taken: the first ``PaymentTaken`` of each payment, in order.
        attempts: the last ``AttemptStarted`` of each payment; one to nowhere, at 0, if that was refused.
        crashes: the last ``PaymentCrashed`` of each payment.
        settled: the first ``PaymentSettled`` of each payment, in order.
        closed: the first ``PaymentClosed`` of each payment, in order.
        mark: that of the purge that began the epoch, if it came from a stream.
    """

    epoch: int
    raises_epoch: bool
    taken: Sequence[PaymentTaken]
    attempts: Sequence[AttemptStarted]
    crashes: Sequence[PaymentCrashed]
    settled: Sequence[PaymentSettled]
    closed: Sequence[PaymentClosed]
    mark: FeedMark = FeedMark()

    @property
    def changes_nothing(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.raises_epoch or self.taken or self.attempts or self.crashes or self.settled or self.closed)

    @property
    def taken_and_ended(self) -> list[bytes]:
        """The ids that are here as both: taken again, perhaps, behind the settlement."""
        ended = {each.payment_id for each in self.settled} | {each.payment_id for each in self.closed}
        return [each.payment_id for each in self.taken if each.payment_id in ended] if ended else []


def sort_entries(entries: Sequence[JournalEntry], epoch: int) -> Batch:
    """Sort the entries of one append, and drop those that change nothing whatever the store holds.

    The highest epoch of all entries and ``epoch`` counts: an entry of a later epoch proves that there was a purge
    before it. Between kinds the order of arrival is given up: that of a payment's life is the one that is meant.

    Args:
        entries: in the order of happening.
        epoch: the store's present epoch.

    Raises:
        ValueError: an entry can't be kept by any store; the fault is the caller's, and to try again is of no use.
    """
    present = max(epoch, max((entry.epoch for entry in entries), default=0))
    taken: dict[bytes, PaymentTaken] = {}
    attempts: dict[bytes, AttemptStarted] = {}
    crashes: dict[bytes, PaymentCrashed] = {}
    settled: dict[bytes, PaymentSettled] = {}
    closed: dict[bytes, PaymentClosed] = {}
    mark = FeedMark()
    for entry in entries:
        if entry.epoch != present:
            continue
        if isinstance(entry, PaymentTaken):
            _check(entry, entry.payment_id, entry.amount_cents)
            taken.setdefault(entry.payment_id, entry)
        elif isinstance(entry, AttemptStarted):
            _check(entry, entry.payment_id, entry.requested_at_ms)
            attempts[entry.payment_id] = entry
        elif isinstance(entry, AttemptRefused):
            _check(entry, entry.payment_id)
            attempts[entry.payment_id] = AttemptStarted(entry.payment_id, "", 0, present)
        elif isinstance(entry, PaymentCrashed):
            _check(entry, entry.payment_id)
            crashes[entry.payment_id] = entry
        elif isinstance(entry, PaymentSettled):
            _check(entry, entry.payment_id, entry.amount_cents, entry.requested_at_ms)
            settled.setdefault(entry.payment_id, entry)
        elif isinstance(entry, PaymentClosed):
            _check(entry, entry.payment_id, entry.amount_cents, entry.at_ms)
            closed.setdefault(entry.payment_id, entry)
        elif isinstance(entry, PaymentsPurged):
            _check_number(entry, entry.mark.through)
            mark = entry.mark
    if not -1 < present <= _INT64_MAX:
        raise ValueError(f"epoch {present} can't be kept: it must be 0 to 2^63 - 1")
    return Batch(
        present,
        present > epoch,
        tuple(taken.values()),
        tuple(attempts.values()),
        tuple(crashes.values()),
        tuple(settled.values()),
        tuple(closed.values()),
        mark if present > epoch else FeedMark(),
    )


def _check(entry: JournalEntry, payment_id: bytes, *numbers: int) -> None:
    if len(payment_id) != 16 or not all(-_INT64_MAX <= number <= _INT64_MAX for number in numbers):
        _refuse(entry)


def _check_number(entry: JournalEntry, number: int) -> None:
    if not -_INT64_MAX <= number <= _INT64_MAX:
        _refuse(entry)


def _refuse(entry: JournalEntry) -> NoReturn:
    raise ValueError(f"{entry} can't be kept: an id has 16 bytes, and a number is at most 2^63 - 1")
