"""Everything that is said between the actors, and between them and the bridge.

Commands are imperative (``SubmitPayments``), facts are in the past tense (``PaymentRecorded``), questions start with
``Get``. What several messages carry is in ``values.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.recipient import Recipient
    from actors.values import (
        Absent,
        CloseAnswer,
        HealthReport,
        JournalEntry,
        Outcome,
        Payment,
        ProcessorHealth,
        Step,
        Verdict,
    )


class SessionOpened(NamedTuple):
    """An API has proved who it is. Answered with ``SessionAdmitted``, then ``CreditGranted``."""

    session: Recipient


class SessionClosed(NamedTuple):
    """An API's bridge session is gone, and its unused credit with it."""

    session: Recipient


class SessionAdmitted(NamedTuple):
    """Intake -> session: it is open, and begins in this epoch."""

    epoch: int


class SessionDismissed(NamedTuple):
    """Intake -> session: it is to end; its API may connect anew."""

    reason: str


class EpochRaised(NamedTuple):
    """Intake -> session: there was a purge, and the API is to adopt this epoch. A session may be told twice."""

    epoch: int


class SessionEpochAdopted(NamedTuple):
    """Session -> intake: what its API sends from now on belongs to this epoch."""

    session: Recipient
    epoch: int


class CreditWithdrawn(NamedTuple):
    """Intake -> session: it may send nothing more until ``CreditRestored``; what is on its way is still taken."""


class CreditRestored(NamedTuple):
    """Intake -> session: the credit that was withdrawn is its again."""


class CreditGranted(NamedTuple):
    """Intake -> session: it may send so many payments more."""

    payments: int


class SubmitPayments(NamedTuple):
    """A run of payments with consecutive sequence numbers. Answered with ``VerdictsGiven``.

    Args:
        session: whom to answer.
        epoch: the epoch that the session had adopted when it read them.
        first_sequence: sequence number of ``payments[0]``.
        redelivered: the API sent them before, over a connection that broke.
        suspect: it sent them to another incarnation of the worker, which may have begun to settle them.
    """

    session: Recipient
    epoch: int
    first_sequence: int
    payments: Sequence[Payment]
    redelivered: bool = False
    suspect: bool = False


class PaymentsSentBefore(NamedTuple):
    """Session -> intake: its API sent these to workers before this one, so that they may be settled.

    Args:
        session: whose API it was.
        payment_ids: ids of 16 bytes one after the other; none if it had another worker, but remembers nothing.
    """

    session: Recipient
    payment_ids: bytes


class DrainBegun(NamedTuple):
    """The worker takes nothing more, and settles what it holds. No API can tell it anything any more."""


class VerdictsGiven(NamedTuple):
    """Intake -> session: all up to ``through_sequence`` are decided: taken, but for the exceptions.

    Verdicts reach a session in the order of its sequence numbers.
    """

    through_sequence: int
    exceptions: tuple[tuple[int, Verdict], ...] = ()


class Purge(NamedTuple):
    """What an API asks to have every payment forgotten. The answer is the new epoch, an ``int``."""


class PurgePayments(NamedTuple):
    """Session -> intake: forget every payment. ``reply_to`` is told ``PurgeDone`` or ``PurgeFailed``."""

    reply_to: Recipient


class PurgeDone(NamedTuple):
    """Intake: every payment from before this epoch is forgotten, and no open session is in an older one."""

    epoch: int


class PurgeFailed(NamedTuple):
    """Intake: payments may have been forgotten or not; to purge again is safe."""

    reason: str


class GetCounts(NamedTuple):
    """Ask the intake for its ``Statistics``."""


class GetStatistics(NamedTuple):
    """Ask the actor system for ``WorkerStatistics``, for which it asks the actors."""


class GetParked(NamedTuple):
    """Ask for the parked payments: a tuple of ``ParkedPayment``."""


class GetHeld(NamedTuple):
    """Ask for the ids of all payments that are not settled yet: a tuple of 16-byte ids, the oldest first."""


class RetryParked(NamedTuple):
    """Let every parked payment try again, at any processor. The reply to an ask is how many there were, an ``int``."""


class GetUnknown(NamedTuple):
    """Ask for payments whose outcome is unknown, those that have been so for longest: a tuple of ``UnknownPayment``."""


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


class PaymentActorReady(NamedTuple):
    """Payment actor -> intake: it has started and takes attempts."""

    actor: Recipient


class Attempt(NamedTuple):
    """Intake -> payment actor: try this payment at this processor.

    Args:
        payment: what to settle.
        processor: the processor's name.
        requested_at_ms: sent as ``requestedAt``, and recorded if this attempt commits.
        epoch: the epoch it belongs to.
        step: what to do there.
        witness: the id of a payment that is known to be there, to be looked up if this one isn't found; empty for none.
        again: the payment failed there before, so that another failure is no news of the processor.
    """

    payment: Payment
    processor: str
    requested_at_ms: int
    epoch: int
    step: Step
    witness: bytes = b""
    again: bool = False


class AttemptEnded(NamedTuple):
    """Payment actor -> intake: the attempt is over and the payment actor is free again."""

    actor: Recipient
    attempt: Attempt
    outcome: Outcome | Absent


class RecordPayment(NamedTuple):
    """Enter a settled payment into the books. Answered with ``PaymentRecorded`` to ``reply_to``."""

    payment_id: bytes
    processor: str
    amount_cents: int
    requested_at_ms: int
    epoch: int
    reply_to: Recipient
    traced: bool = False


class PaymentRecorded(NamedTuple):
    """Ledger -> intake: it is in the books."""

    payment_id: bytes
    epoch: int


class RecordingFailed(NamedTuple):
    """Ledger -> intake: entering it into the books failed again and again; the payment is to be parked."""

    payment_id: bytes
    epoch: int


class ForgetPayments(NamedTuple):
    """Intake -> ledger: a purge; only payments of this epoch count from now on."""

    epoch: int


class GetSummary(NamedTuple):
    """Ask for a ``Summary`` of ``from_ms <= requestedAt <= to_ms``; a bound that is None is open."""

    from_ms: int | None = None
    to_ms: int | None = None


class GetRows(NamedTuple):
    """Ask for a ``RowsPage``: at most ``limit`` rows from index ``start`` on."""

    start: int
    limit: int


class HealthPolled(NamedTuple):
    """Health poller -> health actor.

    Args:
        processor: the processor's name.
        report: what it said; None if it gave no usable answer.
        asked_at_s: when it was asked, on the monotonic clock.
    """

    processor: str
    report: HealthReport | None
    asked_at_s: float


class AttemptObserved(NamedTuple):
    """Payment actor -> health actor: how one posted payment went.

    Args:
        processor: the processor's name.
        succeeded: it holds the payment; None if it found fault with the payment, which says nothing of others.
        latency_ms: from sending to the end of the answer.
        turned_away: the answer that says nothing of the payment, e.g. ``"HTTP 401"``; empty if there was none.
        again: the payment had failed there before.
    """

    processor: str
    succeeded: bool | None
    latency_ms: float
    turned_away: str = ""
    again: bool = False


class HealthChanged(NamedTuple):
    """Health actor -> intake: the present state of every processor, in the configured order."""

    processors: tuple[ProcessorHealth, ...]


class ProbeDue(NamedTuple):
    """Health actor -> intake: send one payment to this unhealthy processor to see how it is.

    Args:
        processor: the processor's name.
        health: told ``ProbeMissing`` if there is no payment that would do.
        overtakes: the processor says that it is well and quick: a probe that hangs there needn't be waited for.
    """

    processor: str
    health: Recipient
    overtakes: bool = False


class ProbeMissing(NamedTuple):
    """Intake -> health actor: no payment can tell how this processor is; its own word has to do."""

    processor: str


class GetHealth(NamedTuple):
    """Ask the health actor for a tuple of ``ProcessorHealth``."""


class Persist(NamedTuple):
    """Put facts on record, then tell others.

    Args:
        entries: the facts; they may be none, then this waits for those before it.
        then: whom to tell what, once all facts told so far are on disk.
    """

    entries: tuple[JournalEntry, ...]
    then: tuple[tuple[Recipient, object], ...] = ()


class PaymentsStored(NamedTuple):
    """Journal -> intake, at its own wish: what a session has sent is on record.

    Args:
        session: whose credit may be renewed by it.
        payments: so many it had sent on its credit.
        payment_ids: those of them that are new; they may be settled.
        epoch: the epoch that they belong to.
    """

    session: Recipient
    payments: int
    payment_ids: tuple[bytes, ...]
    epoch: int


class Commit(NamedTuple):
    """Journal -> its writer: write these entries in one transaction."""

    number: int
    entries: tuple[JournalEntry, ...]


class Committed(NamedTuple):
    """Writer -> journal: the ``Commit`` with this number is on disk."""

    number: int


class CommitFailed(NamedTuple):
    """Writer -> journal: nothing of the ``Commit`` with this number was written; to try again may help."""

    number: int
    reason: str


class StoreChanged(NamedTuple):
    """Journal -> intake: whether facts can be put on record now."""

    available: bool


class CheckStore(NamedTuple):
    """Journal -> its writer, while there is nothing to write: see whether the store is still there."""


class StoreChecked(NamedTuple):
    """Writer -> journal: ``CheckStore`` is done; ``fault`` says what is wrong, and is empty if nothing is."""

    fault: str = ""


class PromiseLost(NamedTuple):
    """System -> intake: a message that carried a promise became a dead letter, which is a bug."""
