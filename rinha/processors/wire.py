"""What is said to a payment processor, and how its answers are read; no I/O. ``verdicts.py`` says what they mean."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import orjson

from actors.values import HealthReport, Outcome, Payment, Refused, Settled, Unknown
from rinha.processors.verdicts import Meaning, judge

PAYMENTS = "/payments"
HEALTH = "/payments/service-health"

_AMOUNT_MAX = 1e13  # Below it a float holds every cent; we take payments up to 1e7.
# As JSON libraries and databases write them: with T or a space, with an offset of hours alone.
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
_DECIMAL = re.compile(r"(\d{1,13})(?:\.(\d{1,2})0*)?", re.ASCII)


class Answer(NamedTuple):
    """One complete HTTP answer.

    Args:
        status: its status code.
        body: its body.
    """

    status: int
    body: bytes


def payment_body(payment: Payment, requested_at_ms: int) -> bytes:
    """Write the body of ``POST /payments``. The amount has two decimals, ``requestedAt`` three."""
    second, milliseconds = divmod(requested_at_ms, 1000)
    units, cents = divmod(payment.amount_cents, 100)
    return (
        f'{{"correlationId":"{format_id(payment.payment_id)}","amount":{units}.{cents:02},'
        f'"requestedAt":"{_format_second(second)}.{milliseconds:03}Z"}}'
    ).encode()


def payment_target(payment_id: bytes) -> str:
    """Write the path of ``GET /payments/{id}``."""
    return f"{PAYMENTS}/{format_id(payment_id)}"


def format_id(payment_id: bytes) -> str:
    """Write 16 id bytes as a UUID, in lower case."""
    digits = payment_id.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@lru_cache(maxsize=16)  # The payments of a second share it.
def _format_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def read_post_answer(answer: Answer, payment: Payment, requested_at_ms: int) -> Outcome | None:
    """Say what an answer to ``POST /payments`` means.

    Returns:
        The outcome, or None if the payment has to be looked up: only its row tells whether it is there, and with what
        values.
    """
    status = answer.status
    match judge(status, has_body=bool(answer.body)).meaning:
        case Meaning.SETTLED:
            return Settled(payment.amount_cents, requested_at_ms)
        case Meaning.LOOK_UP:
            return None
        case Meaning.VERDICT:
            return Refused(f"HTTP {status}", permanent=True)
        case Meaning.TURNED_AWAY:
            return Refused(f"HTTP {status}", turned_away=True)
        case Meaning.FAILED:
            return Refused("HTTP 500, empty body", at_processor=True)
        case Meaning.UNKNOWN:
            return Unknown(f"HTTP {status}, {len(answer.body)} bytes of body")


def read_find_answer(answer: Answer, payment_id: bytes) -> Outcome:
    """Say what an answer to ``GET /payments/{id}`` means: a row, no row (``Refused``), or nothing (``Unknown``)."""
    if answer.status == 404:
        return Refused("HTTP 404")
    if answer.status != 200:
        return Unknown(f"HTTP {answer.status} to the look-up")
    try:
        row = orjson.loads(answer.body)
        if row["correlationId"].lower() != format_id(payment_id):
            return Unknown("the look-up answered with another payment")
        return Settled(_parse_cents(row["amount"]), _parse_instant(row["requestedAt"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Unknown("the look-up answered with something that is no payment")


def read_health_answer(answer: Answer) -> HealthReport | None:
    """Read an answer to ``GET /payments/service-health``; None if it tells nothing.

    A 503 counts as well: later versions of the processors answer so, with the same body, while they fail.
    """
    if answer.status not in {200, 503}:
        return None
    try:
        report = orjson.loads(answer.body)
        failing, min_response_ms = report["failing"], report["minResponseTime"]
    except (ValueError, TypeError, KeyError):
        return None
    if type(failing) is not bool or type(min_response_ms) is not int or min_response_ms < 0:
        return None
    return HealthReport(failing, min_response_ms)


def _parse_cents(amount: object) -> int:
    """Read an amount in cents: a number, or a decimal as text without anything that could mean two things."""
    if isinstance(amount, str) and (match := _DECIMAL.fullmatch(amount)):
        cents = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
        if cents:
            return cents
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0.01 <= amount < _AMOUNT_MAX:
        raise ValueError(f"{amount!r} is no amount")
    return round(amount * 100)


def _parse_instant(text: str) -> int:
    """Read an instant in milliseconds, cutting off finer digits. Without an offset it is UTC."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no instant")
    day, time, fraction, offset = match.groups()
    second = datetime.fromisoformat(f"{day}T{time}{offset or 'Z'}")
    return int(second.timestamp()) * 1000 + int(((fraction or "") + "000")[:3])
