"""Messages on which a payment or a purge hangs: none of them may ever get lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from actors.facts import PaymentsPurged
from actors.messages.journal import Commit, CommitFailed, Committed, PaymentsStored, Persist
from actors.messages.people import PurgePayments
from actors.messages.sessions import SubmitPayments
from actors.messages.settling import (
    Attempt,
    AttemptEnded,
    ForgetPayments,
    PaymentRecorded,
    RecordingFailed,
    RecordPayment,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

PROMISES = (
    SubmitPayments,
    PaymentsStored,
    Persist,
    Commit,
    Committed,
    CommitFailed,
    Attempt,
    AttemptEnded,
    RecordPayment,
    PaymentRecorded,
    RecordingFailed,
    PurgePayments,
    ForgetPayments,
)
"""Their classes."""


def payments_of(message: Any) -> list[str]:
    """The ids of the payments that hang on a message, as clients write them."""
    return [str(UUID(bytes=each)) for each in _ids(message) if len(each) == 16]


def _ids(message: Any) -> Iterable[bytes]:
    match message:
        case SubmitPayments():
            return [each.payment_id for each in message.payments]
        case PaymentsStored():
            return message.payment_ids
        case Persist() | Commit():
            return [each.payment_id for each in message.entries if not isinstance(each, PaymentsPurged)]
        case Attempt():
            return [message.payment.payment_id]
        case AttemptEnded():
            return [message.attempt.payment.payment_id]
        case RecordPayment() | PaymentRecorded() | RecordingFailed():
            return [message.payment_id]
        case _:
            return []
