from __future__ import annotations

import json
from uuid import UUID

import pytest

from rinha.simulator import wire
from rinha.simulator.rows import Row, Totals

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
AT_US = 1_752_582_896_000_000


def payment(amount: str = "19.90", at: str = "2025-07-15T12:34:56.000Z") -> bytes:
    return f'{{"correlationId":"{ID}","amount":{amount},"requestedAt":"{at}"}}'.encode()


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        ("19.90", 1990),
        ("1e1", 1000),
        ("0.29", 29),
        ("1.005", 101),
        ("1.0049999999", 100),
        ("77.8299999999999982946974341757595539093017578125", 7783),
        ("10000000.00", 1_000_000_000),
    ],
)
def test_amounts_are_rounded_to_cents_from_their_exact_text(amount: str, cents: int) -> None:
    assert wire.parse_payment(payment(amount)) == (UUID(ID).bytes, Row(cents, AT_US))


@pytest.mark.parametrize(
    ("at", "us"),
    [
        ("2025-07-15T12:34:56Z", AT_US),
        ("2025-07-15T12:34:56", AT_US),
        ("2025-07-15T09:34:56-03:00", AT_US),
        ("2025-07-15T12:34:56.1Z", AT_US + 100_000),
        ("2025-07-15T12:34:56.123456Z", AT_US + 123_456),
        ("2025-07-15T12:34:56.1234569Z", AT_US + 123_456),
        ("2025-07-15T12:34:56.123456999999Z", AT_US + 123_456),
    ],
)
def test_instants_take_any_fraction_and_keep_microseconds(at: str, us: int) -> None:
    assert wire.parse_payment(payment(at=at))[1].requested_at_us == us


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"{}",
        payment("true"),
        payment('"NaN"'),
        payment('"Infinity"'),
        payment("1e500"),
        payment(at="yesterday"),
        payment(at="2025-13-45T00:00:00Z"),
        payment(at="2025-07-15T12:34:56.Z"),
        payment().replace(ID.encode(), b"4a7901b8"),
    ],
)
def test_a_body_that_is_no_payment_is_invalid(body: bytes) -> None:
    with pytest.raises(wire.InvalidBody):
        wire.parse_payment(body)


def test_a_row_is_told_with_two_decimals_and_without_trailing_zeros_in_the_fraction() -> None:
    def told(row: Row) -> bytes:
        return wire.render_row(UUID(ID).bytes, row)

    head = f'{{"correlationId":"{ID}",'.encode()
    assert told(Row(1990, AT_US)) == head + b'"amount":19.90,"requestedAt":"2025-07-15T12:34:56Z"}'
    assert told(Row(5, AT_US + 120_000)) == head + b'"amount":0.05,"requestedAt":"2025-07-15T12:34:56.12Z"}'
    assert json.loads(told(Row(100_000_001, AT_US + 1)))["amount"] == 1_000_000.01


def test_a_summary_has_exact_decimals() -> None:
    assert json.loads(wire.render_summary(Totals(3, 5970), 500)) == {
        "totalRequests": 3,
        "totalAmount": 59.7,
        "totalFee": 2.985,
        "feePerTransaction": 0.05,
    }
