"""What was to be told of payments once they are on record, when the journal turns out to have known some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.messages.journal import PaymentsStored
from actors.messages.sessions import VerdictsGiven
from actors.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actors.facts import Known
    from actors.values import Payment


def knowing(message: Any, known: Mapping[bytes, Known]) -> Any:
    """A message as it is to be told.

    Args:
        message: as it was stated.
        known: by id, what the journal knew of what was taken.
    """
    match message:
        case PaymentsStored():
            found = tuple(known[each] for each in message.payment_ids if each in known)
            return message._replace(known=found)
        case VerdictsGiven():
            return message._replace(exceptions=_exceptions(message, known))
        case _:
            return message


def _exceptions(given: VerdictsGiven, known: Mapping[bytes, Known]) -> tuple[tuple[int, Verdict], ...]:
    verdicts = dict(given.exceptions)
    for sequence, payment in enumerate(given.payments, given.through_sequence - len(given.payments) + 1):
        if payment.payment_id in known:
            verdict = _verdict(payment, known[payment.payment_id])
            verdicts.pop(sequence, None)
            if verdict is not Verdict.TAKEN:
                verdicts[sequence] = verdict
    return tuple(sorted(verdicts.items()))


def _verdict(payment: Payment, known: Known) -> Verdict:
    if payment.amount_cents != known.taken_cents:
        return Verdict.CONFLICT
    return Verdict.WRITTEN_OFF if known.written_off else Verdict.TAKEN
