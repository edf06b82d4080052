"""``parse_payment`` against the decimal that a literal says, and against anything at all."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rinha.api.endpoints.payment_request import parse_payment
from rinha.api.problems import InvalidRequest

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
ID_BYTES = bytes.fromhex(ID.replace("-", ""))


def body(amount: str) -> bytes:
    return f'{{"correlationId": "{ID}", "amount": {amount}}}'.encode()


def spellings(cents: int) -> list[str]:
    """Ways to write an amount of cents as a JSON number."""
    plain = f"{cents // 100}.{cents % 100:02}"
    amount = Decimal(cents).scaleb(-2)
    return [plain, plain + "000", repr(cents / 100), f"{cents}e-2", f"{cents}0E-3", f"{amount.normalize():e}"]


@given(st.integers(1, 10_000_000_00))
@example(1)
@example(29)
@example(100000001)
@example(10_000_000_00)
def test_every_spelling_of_cents_reads_as_these_cents(cents: int) -> None:
    for literal in spellings(cents):
        assert parse_payment(body(literal)) == (ID_BYTES, cents), literal


@given(st.decimals(min_value=0, max_value=20_000_000, places=6, allow_nan=False))
@example(Decimal("0.004999"))
@example(Decimal("10000000.000001"))
def test_a_literal_is_taken_exactly_if_its_decimal_is_a_whole_number_of_cents_in_range(amount: Decimal) -> None:
    """Six decimals at this size are far above a double's grain, so the literal's Decimal is the reference."""
    cents = amount * 100
    if 0 < amount <= 10_000_000 and cents == int(cents):
        assert parse_payment(body(f"{amount:f}")) == (ID_BYTES, int(cents))
    else:
        with pytest.raises(InvalidRequest, match="amount must "):
            parse_payment(body(f"{amount:f}"))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_raise_anything_else(content: bytes) -> None:
    try:
        parse_payment(content)
    except InvalidRequest as error:
        assert error.errors


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(JSON_VALUES, JSON_VALUES)
def test_arbitrary_json_values_never_raise_anything_else(correlation_id: object, amount: object) -> None:
    content = json.dumps({"correlationId": correlation_id, "amount": amount}, ensure_ascii=False)
    try:
        parse_payment(content.encode(errors="surrogatepass"))
    except InvalidRequest as error:
        assert error.errors
