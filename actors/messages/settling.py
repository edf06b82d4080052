"""What settles a payment: attempts, and the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from actors.recipient import Recipient
    from actors.values import Absent, Outcome, Payment, Step


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
        number: how many attempts of this payment there were in this process, this one among them.
        why: why it goes there now: a reason in ``intake/choice.py``.
    """

    payment: Payment
    processor: str
    requested_at_ms: int
    epoch: int
    step: Step
    witness: bytes = b""
    again: bool = False
    number: int = 1
    why: str = ""


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
