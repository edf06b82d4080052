"""The values that actors, the bridge and the processors' clients exchange.

Everything here is immutable and free of behaviour. Commands are imperative (``SubmitPayments``), facts are in the past
tense (``PaymentRecorded``), questions start with ``Get``. Money is integer cents, instants are integer milliseconds
UTC, payment ids are the 16 bytes of the UUID. Named tuples, because they are made several times per payment and cost a
third of a frozen dataclass.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.ports import Recipient


class Payment(NamedTuple):
    """A payment as the API took it.

    Args:
        payment_id: the 16 bytes of the client's ``correlationId``.
        amount_cents: amount in cents, > 0.
        traced_at_us: when the API took it, in microseconds since the Unix epoch, if its trace is sampled; 0 if not.
    """

    payment_id: bytes
    amount_cents: int
    traced_at_us: int = 0


class Verdict(IntEnum):
    """What became of a payment that was handed to the worker. The numbers are those of the bridge's frames."""

    TAKEN = 0
    """Held by the worker, now or already before: same id, same amount."""
    CONFLICT = 1
    """Refused: the id is known with another amount."""
    PURGED = 2
    """Not held: a purge overtook it."""


class Step(Enum):
    """What a payment actor is to do at the processor."""

    POST = "post"
    """A fresh attempt: post the payment."""
    LOOK_UP = "look-up"
    """Outcome unknown, processor unhealthy: only ask whether the payment is there."""
    RESOLVE = "resolve"
    """Outcome unknown: ask whether it is there, and if not post it again with the same ``requestedAt``."""


# ---- outcomes of one attempt at one processor


class Settled(NamedTuple):
    """The processor holds the payment; the values are those of its row."""

    amount_cents: int
    requested_at_ms: int


class Refused(NamedTuple):
    """Certainly not committed by this attempt.

    Args:
        reason: for people, e.g. ``"HTTP 500, empty body"``.
        permanent: the processor finds fault with the payment itself (a 4xx), so it needn't be offered there again.
    """

    reason: str
    permanent: bool = False


class Unknown(NamedTuple):
    """It may have been committed, or may yet be.

    Args:
        reason: for people, e.g. ``"no answer within 10 s"``.
        crashed: the payment actor failed on it; the processor is not to blame.
    """

    reason: str
    crashed: bool = False


class Absent(NamedTuple):
    """A look-up alone: the processor doesn't hold the payment now. A request in its delay there may commit it yet.

    Args:
        reason: for people, e.g. ``"HTTP 404"``.
    """

    reason: str


Outcome = Settled | Refused | Unknown


# ---- bridge -> intake, and back


class SessionOpened(NamedTuple):
    """An API's bridge session is ready. The intake answers with ``CreditGranted``."""

    session: Recipient


class SessionClosed(NamedTuple):
    """An API's bridge session is gone, and its unused credit with it."""

    session: Recipient


class EpochRaised(NamedTuple):
    """Intake -> session: it is in an old epoch; there was a purge that it wasn't told of."""

    epoch: int


class CreditWithdrawn(NamedTuple):
    """Intake -> session: it may send nothing more until ``CreditRestored``; what is on its way is still taken."""


class CreditRestored(NamedTuple):
    """Intake -> session: the credit that was withdrawn is its again."""


class CreditGranted(NamedTuple):
    """Intake -> session: it may send so many payments more."""

    payments: int


class SubmitPayments(NamedTuple):
    """A run of payments with consecutive sequence numbers. Answered with ``PaymentsTaken``.

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


class PaymentsTaken(NamedTuple):
    """Intake -> session: all up to ``through_sequence`` are decided: taken, but for the exceptions.

    Verdicts reach a session in the order of its sequence numbers.
    """

    through_sequence: int
    exceptions: tuple[tuple[int, Verdict], ...] = ()


class Purge(NamedTuple):
    """Forget every payment. The reply to an ask is the new epoch, an ``int``."""


class GetStatistics(NamedTuple):
    """Ask for ``Statistics``."""


class GetParked(NamedTuple):
    """Ask for the parked payments: a tuple of ``ParkedPayment``."""


class GetHeld(NamedTuple):
    """Ask for the ids of all payments that are not settled yet: a tuple of 16-byte ids, the oldest first."""


class RetryParked(NamedTuple):
    """Let every parked payment try again, at any processor. The reply to an ask is how many there were, an ``int``."""


class ParkedPayment(NamedTuple):
    """A payment that waits for a person.

    Args:
        payment: the payment.
        reason: why, naming the processors' answers.
    """

    payment: Payment
    reason: str


class Statistics(NamedTuple):
    """What the intake holds in the current epoch, by distinct id.

    Always ``accepted == settled + waiting + in_flight + unknown + parked``.
    """

    epoch: int
    accepted: int
    settled: int
    waiting: int
    in_flight: int
    unknown: int
    parked: int
    duplicates: int
    conflicts: int
    purged: int


# ---- intake -> payment actors, and back


class WorkerReady(NamedTuple):
    """Payment actor -> intake: it has started and takes attempts."""

    worker: Recipient


class Attempt(NamedTuple):
    """Intake -> payment actor: try this payment at this processor.

    Args:
        payment: what to settle.
        processor: the processor's name.
        requested_at_ms: sent as ``requestedAt``, and recorded if this attempt commits.
        epoch: the epoch it belongs to.
        step: what to do there.
    """

    payment: Payment
    processor: str
    requested_at_ms: int
    epoch: int
    step: Step


class AttemptEnded(NamedTuple):
    """Payment actor -> intake: the attempt is over and the payment actor is free again."""

    worker: Recipient
    attempt: Attempt
    outcome: Outcome | Absent


# ---- payment actors -> ledger -> intake


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


class Totals(NamedTuple):
    """What was settled at one processor."""

    requests: int
    amount_cents: int


Summary = dict[str, Totals]
"""By the processor's name, in the configured order; every processor is in it."""


class GetRows(NamedTuple):
    """Ask for a ``RowsPage``: at most ``limit`` rows from index ``start`` on."""

    start: int
    limit: int


class LedgerRow(NamedTuple):
    """One settled payment."""

    payment_id: bytes
    processor: str
    amount_cents: int
    requested_at_ms: int


class RowsPage(NamedTuple):
    """A part of the books. Rows keep their index for the length of an epoch.

    Args:
        epoch: whose books these are; if it changes between pages, start again.
        total: number of rows in the books now.
        rows: those asked for.
    """

    epoch: int
    total: int
    rows: Sequence[LedgerRow]


# ---- health


class HealthReport(NamedTuple):
    """A processor's own word about itself (``GET /payments/service-health``)."""

    failing: bool
    min_response_ms: int


class HealthPolled(NamedTuple):
    """Health poller -> health actor. ``report`` is None if the processor gave no usable answer."""

    processor: str
    report: HealthReport | None


class AttemptObserved(NamedTuple):
    """Payment actor -> health actor: how one posted payment went.

    Args:
        processor: the processor's name.
        succeeded: it did its work: a 200, a 422, or any other proper 4xx but 429.
        latency_ms: from sending to the end of the answer.
    """

    processor: str
    succeeded: bool
    latency_ms: float


class ProcessorHealth(NamedTuple):
    """What is known of one processor; routing decides on these alone.

    Args:
        name: the processor's name.
        fee_bps: its fee in basis points: 500 is 5 %.
        healthy: its circuit is closed.
        latency_ms: the latest estimate of its response time, 0 if nothing is known yet.
        stale: nothing recent backs ``latency_ms``.
    """

    name: str
    fee_bps: int
    healthy: bool = True
    latency_ms: float = 0.0
    stale: bool = False


class HealthChanged(NamedTuple):
    """Health actor -> intake: the present state of every processor, in the configured order."""

    processors: tuple[ProcessorHealth, ...]


class ProbeDue(NamedTuple):
    """Health actor -> intake: send one payment to this unhealthy processor to see how it is."""

    processor: str


class GetHealth(NamedTuple):
    """Ask the health actor for a tuple of ``ProcessorHealth``."""


class Wake(NamedTuple):
    """A timer's message to the actor that set it: look at what is due."""


# ---- the journal


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


class PaymentSettled(NamedTuple):
    """Fact for the journal: the processor holds the payment, with these values."""

    payment_id: bytes
    processor: str
    amount_cents: int
    requested_at_ms: int
    epoch: int


class PaymentsPurged(NamedTuple):
    """Fact for the journal: nothing of an epoch before this one counts any more."""

    epoch: int


JournalEntry = PaymentTaken | AttemptStarted | PaymentSettled | PaymentsPurged


class Persist(NamedTuple):
    """Put facts on record, then tell others.

    Args:
        entries: the facts; they may be none, then this waits for those before it.
        then: whom to tell what, once all facts told so far are on disk.
    """

    entries: tuple[JournalEntry, ...]
    then: tuple[tuple[Recipient, object], ...] = ()


class PaymentsStored(NamedTuple):
    """Journal -> intake, at its own wish: these payments are on record, and may be sent."""

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


class OpenPayment(NamedTuple):
    """A payment that the journal knows as taken and not as settled.

    Args:
        payment: the payment.
        processor: where its last attempt went; empty if there was none.
        requested_at_ms: that attempt's ``requestedAt``; 0 if there was none.
    """

    payment: Payment
    processor: str
    requested_at_ms: int
