"""The bodies that a processor takes and gives, as values; no I/O."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import orjson

from rinha.simulator.rows import Row

if TYPE_CHECKING:
    from rinha.simulator.rows import Totals

SETTLED = b'{"message":"payment processed successfully"}'

_CENT = Decimal("0.01")
_AMOUNT_MAX = Decimal(10) ** 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,16})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


class InvalidBody(ValueError):
    """The caller's fault: the body is not what the endpoint takes. The text says why."""


class _Payment(msgspec.Struct, rename="camel"):
    correlation_id: UUID
    amount: Decimal
    requested_at: str


_decode_payment = msgspec.json.Decoder(_Payment).decode


def parse_payment(body: bytes) -> tuple[bytes, Row]:
    """Read the body of ``POST /payments``.

    Amounts are rounded to cents, half away from zero, from their exact decimal text.

    Returns:
        The payment's 16 id bytes, and the row that it would make.

    Raises:
        InvalidBody: not JSON, or a field is missing or wrong.
    """
    try:
        payment = _decode_payment(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidBody(str(error)) from None
    if not payment.amount.is_finite() or abs(payment.amount) >= _AMOUNT_MAX:
        raise InvalidBody("amount is out of range")
    cents = int(payment.amount.quantize(_CENT, ROUND_HALF_UP).scaleb(2))
    return payment.correlation_id.bytes, Row(cents, parse_instant(payment.requested_at))


def parse_instant(text: str) -> int:
    """Read an ISO-8601 instant; without an offset it is UTC, and digits beyond the microsecond are cut off.

    Returns:
        Microseconds since the Unix epoch.

    Raises:
        InvalidBody: it is none.
    """
    if not _INSTANT.fullmatch(text):
        raise InvalidBody(f"{text!r} is not an ISO-8601 instant")
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidBody(f"{text!r} is not an ISO-8601 instant: {error}") from None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return (instant - _EPOCH) // _MICROSECOND


def render_row(payment_id: bytes, row: Row) -> bytes:
    """Build the answer of ``GET /payments/{id}``. As .NET does, it drops zeros from the end of a fraction."""
    whole_s, rest_us = divmod(row.requested_at_us, 1_000_000)
    instant = (_EPOCH + timedelta(seconds=whole_s)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{rest_us:06}".rstrip("0") if rest_us else ""
    amount = f"{Decimal(row.amount_cents).scaleb(-2):.2f}"
    correlation_id = UUID(bytes=payment_id)
    return f'{{"correlationId":"{correlation_id}","amount":{amount},"requestedAt":"{instant}{fraction}Z"}}'.encode()


def render_summary(totals: Totals, fee_bps: int) -> bytes:
    """Build the answer of ``GET /admin/payments-summary``."""
    return orjson.dumps(
        {
            "totalAmount": totals.amount_cents / 100,
            "totalRequests": totals.requests,
            "totalFee": totals.amount_cents * fee_bps / 1_000_000,
            "feePerTransaction": fee_bps / 10_000,
        }
    )
