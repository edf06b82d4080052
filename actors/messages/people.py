"""What people ask of the worker and order it to do: purges, counts, lists, and how a payment ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actors.facts import FeedMark

if TYPE_CHECKING:
    from actors.messages.health import CircuitState
    from actors.recipient import Recipient
    from actors.reports import CloseAnswer


class Purge(NamedTuple):
    """What an API asks to have every payment forgotten. The answer is the new epoch, an ``int``.

    Args:
        mark: where in a stream it stands, if it comes from one: then it is carried out once, however often it comes.
    """

    mark: FeedMark = FeedMark()


class GetFeedMark(NamedTuple):
    """Ask the intake for its ``FeedMark``."""


class PurgePayments(NamedTuple):
    """Session -> intake: forget every payment. ``reply_to`` is told ``PurgeDone`` or ``PurgeFailed``.

    Args:
        reply_to: whoever waits for it.
        mark: as in ``Purge``.
    """

    reply_to: Recipient
    mark: FeedMark = FeedMark()


class PurgeDone(NamedTuple):
    """Intake: every payment from before this epoch is forgotten, and no open session is in an older one."""

    epoch: int


class PurgeFailed(NamedTuple):
    """Intake: payments may have been forgotten or not; to purge again is safe."""

    reason: str


class GetCounts(NamedTuple):
    """Ask the intake for its ``Statistics``."""


class GetPulse(NamedTuple):
    """Ask the intake for a ``Pulse``."""


class GetAtWork(NamedTuple):
    """Ask the intake which payment actors are at work: a tuple of ``AtWork``."""


class GetStatistics(NamedTuple):
    """Ask the actor system for ``WorkerStatistics``, for which it asks the actors."""


class GetHeld(NamedTuple):
    """Ask for the ids of all payments that are not settled yet: a tuple of 16-byte ids, the oldest first."""


class GetSummary(NamedTuple):
    """Ask for a ``Summary`` of ``from_ms <= requestedAt <= to_ms``; a bound that is None is open."""

    from_ms: int | None = None
    to_ms: int | None = None


class GetRow(NamedTuple):
    """Ask for the ``LedgerRow`` of a payment; the answer is None if it isn't in the books."""

    payment_id: bytes


class GetRows(NamedTuple):
    """Ask for a ``RowsPage``: at most ``limit`` rows from index ``start`` on."""

    start: int
    limit: int


class GetHealth(NamedTuple):
    """Ask the health actor for a tuple of ``ProcessorHealth``."""


class GetPayment(NamedTuple):
    """Ask what became of a payment: a tuple of ``PaymentReport``, of none, of one, or of up to ten that begin so.

    Args:
        digits: its id, or how that begins: 6 to 32 hexadecimal digits in lower case, without hyphens.
    """

    digits: str


class GetPayments(NamedTuple):
    """Ask for a ``PaymentsPage`` of those that aren't settled, the oldest first.

    Args:
        state: ``waiting`` (those that are storing among them), ``in_flight``, ``unknown`` or ``parked``; empty for all.
        limit: so many at most, up to 1000.
        after: the ``after`` of the page before; empty for the first.
    """

    state: str = ""
    limit: int = 100
    after: str = ""


class GetHeldReport(NamedTuple):
    """Ask for a ``HeldReport``: whether payments wait, and why."""


class GetProcessors(NamedTuple):
    """Ask the actor system for a ``ProcessorsReport``, for which it asks the actors."""


class Explain(NamedTuple):
    """Ask the intake to answer a person's question, with what the health actor knows.

    Args:
        question: the question.
        circuits: the processors' circuits, in the configured order.
    """

    question: GetPayment | GetPayments | GetHeldReport | GetProcessors
    circuits: tuple[CircuitState, ...]


class RetryPayment(NamedTuple):
    """Let one parked payment try again. The reply to an ask is a ``RetryAnswer``.

    Args:
        payment_id: its 16 bytes.
    """

    payment_id: bytes


class RetryParked(NamedTuple):
    """Let every parked payment try again, at any processor. The reply to an ask is how many there were, an ``int``."""


class Close(NamedTuple):
    """What a person says of how a payment ended that doesn't end by itself. The answer is a ``CloseAnswer``.

    Args:
        payment_id: the payment's 16 bytes.
        processor: where it is settled; empty if nowhere: it is written off then.
        amount_cents: with which amount in cents; 0 if it isn't settled.
        requested_at_ms: with which ``requestedAt``; 0 if it isn't settled.
        by: who says so.
        reason: why; may be empty.
    """

    payment_id: bytes
    processor: str
    amount_cents: int
    requested_at_ms: int
    by: str
    reason: str


class ClosePayment(NamedTuple):
    """Session -> intake: how a payment ended. ``reply_to`` is told ``CloseAnswered`` or ``CloseFailed``."""

    order: Close
    reply_to: Recipient


class CloseAnswered(NamedTuple):
    """Intake: what became of a ``ClosePayment``. If the payment is closed, that is on record."""

    answer: CloseAnswer


class CloseFailed(NamedTuple):
    """Intake: the payment may be closed or not; to say it again is safe."""

    reason: str
