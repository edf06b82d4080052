"""Facts for the journal, and what a journal says of a payment that isn't settled.

Immutable and free of behaviour, as all in ``values.py``, where the units are named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from actors.values import Payment


class PaymentTaken(NamedTuple):
    """Fact for the journal: the payment is ours to settle."""

    payment_id: bytes
    amount_cents: int
    epoch: int


class AttemptStarted(NamedTuple):
    """Fact for the journal, on record before the attempt is sent: it may be committed at that processor."""

    payment_id: bytes
    processor: str
    requested_at_ms: int
    epoch: int


class AttemptRefused(NamedTuple):
    """Fact for the journal: no attempt of this payment is committed, or may yet be; it can go anywhere again."""

    payment_id: bytes
    epoch: int


class PaymentCrashed(NamedTuple):
    """Fact for the journal: its actor has crashed on this payment so often by now."""

    payment_id: bytes
    crashes: int
    epoch: int


class PaymentSettled(NamedTuple):
    """Fact for the journal: the processor holds the payment, with these values."""

    payment_id: bytes
    processor: str
    amount_cents: int
    requested_at_ms: int
    epoch: int


class FeedMark(NamedTuple):
    """Up to where, in a stream that feeds the worker, everything is purged: what comes again from there is dropped.

    Args:
        stream: which stream, by when it was made; empty without one.
        through: the sequence there of the last purge.
    """

    stream: str = ""
    through: int = 0

    def covers(self, other: FeedMark) -> bool:
        """Whether a purge at that place of the stream has been carried out already."""
        return bool(other.stream) and self.stream == other.stream and other.through <= self.through


class PaymentsPurged(NamedTuple):
    """Fact for the journal: nothing of an epoch before this one counts any more.

    Args:
        epoch: the new one.
        mark: where in the stream the purge stood, if it came from one.
    """

    epoch: int
    mark: FeedMark = FeedMark()


class PaymentClosed(NamedTuple):
    """Fact for the journal: a person has said how a payment ended. If it was settled, ``PaymentSettled`` stands by it.

    Args:
        payment_id: the payment's 16 bytes.
        amount_cents: amount in cents as taken.
        written_off: it is settled nowhere, and never will be.
        by: who said so.
        reason: why; may be empty.
        at_ms: when.
        epoch: the epoch it belongs to.
    """

    payment_id: bytes
    amount_cents: int
    written_off: bool
    by: str
    reason: str
    at_ms: int
    epoch: int


JournalEntry = (
    PaymentTaken | AttemptStarted | AttemptRefused | PaymentCrashed | PaymentSettled | PaymentsPurged | PaymentClosed
)


class Known(NamedTuple):
    """An id that was stated as taken, and that the journal knows already: as settled, or as written off.

    Args:
        payment_id: the payment's 16 bytes.
        taken_cents: amount in cents that it was taken with then.
        written_off: a person has written it off.
    """

    payment_id: bytes
    taken_cents: int
    written_off: bool


class SpanSum(NamedTuple):
    """What was settled at one processor in one span of time, by ``requestedAt``.

    Args:
        processor: the processor's name.
        starts_ms: when the span starts.
        payments: how many.
        cents: their sum, as settled.
    """

    processor: str
    starts_ms: int
    payments: int
    cents: int


class OpenPayment(NamedTuple):
    """A payment that the journal knows as taken and not as settled.

    Args:
        payment: the payment.
        processor: where its last attempt went; empty if there was none, or that was refused for certain.
        requested_at_ms: that attempt's ``requestedAt``; 0 if there was none.
        crashes: how often its actor has crashed on it.
    """

    payment: Payment
    processor: str
    requested_at_ms: int
    crashes: int = 0
