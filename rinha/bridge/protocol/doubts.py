"""What is asked and said of payments in doubt, as payloads: JSON lists."""

from __future__ import annotations

import orjson

from actors.messages.people import Close
from actors.reports import CloseAnswer, CloseResult, UnknownPayment
from actors.values import Payment


def dump_unknown(unknown: tuple[UnknownPayment, ...]) -> bytes:
    """The payload of an answer: payments in doubt."""
    return orjson.dumps([[one.payment[0].hex(), *one.payment[1:], *one[1:]] for one in unknown])


def load_unknown(payload: bytes) -> tuple[UnknownPayment, ...]:
    """Payments in doubt.

    Raises:
        ValueError, TypeError: the payload is none.
    """
    return tuple(
        UnknownPayment(
            Payment(bytes.fromhex(payment_id), int(cents), int(traced_at_us)),
            str(processor),
            int(requested_at_ms),
            float(unknown_s),
            str(reason),
        )
        for payment_id, cents, traced_at_us, processor, requested_at_ms, unknown_s, reason in orjson.loads(payload)
    )


def dump_close(order: Close) -> bytes:
    """The payload of a question: a person's word on a payment."""
    return orjson.dumps([order.payment_id.hex(), *order[1:]])


def load_close(payload: bytes) -> Close:
    """A person's word on a payment.

    Raises:
        ValueError, TypeError: the payload is none.
    """
    payment_id, processor, amount_cents, requested_at_ms, by, reason = orjson.loads(payload)
    order = Close(bytes.fromhex(payment_id), processor, amount_cents, requested_at_ms, by, reason)
    numbers = type(amount_cents), type(requested_at_ms)
    if len(order.payment_id) != 16 or {type(processor), type(by), type(reason)} != {str} or set(numbers) != {int}:
        raise ValueError(f"{order} is no word on a payment")
    return order


def load_close_answer(payload: bytes) -> CloseAnswer:
    """What became of it.

    Raises:
        ValueError, TypeError: the payload is none.
    """
    result, wait_s = orjson.loads(payload)
    return CloseAnswer(CloseResult(result), float(wait_s))
