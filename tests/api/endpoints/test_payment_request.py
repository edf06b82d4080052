from __future__ import annotations

import json

import orjson
import pytest

from rinha.api.endpoints.payment_request import parse_payment
from rinha.api.problems import InvalidRequest

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
ID_BYTES = bytes.fromhex(ID.replace("-", ""))

NOT_AN_ID = "must be a UUID of 36 characters"
TOO_FINE = "must have at most two decimals"
TOO_MUCH = "must be at most 10000000.00"
NOT_POSITIVE = "must be greater than 0"


def body(amount: str, correlation_id: str = ID) -> bytes:
    return f'{{"correlationId": "{correlation_id}", "amount": {amount}}}'.encode()


def refusal(content: bytes) -> list[tuple[str, object, str]]:
    with pytest.raises(InvalidRequest) as caught:
        parse_payment(content)
    return [(error["field"], error["value"], error["reason"]) for error in caught.value.errors]


@pytest.mark.parametrize(
    ("literal", "cents"),
    [
        ("19.9", 1990),
        ("19.90", 1990),
        ("19.900000", 1990),
        ("1e1", 1000),
        ("1E+1", 1000),
        ("1.5e-1", 15),
        ("0.01", 1),
        ("0.29", 29),
        ("0.57", 57),
        ("1.15", 115),
        ("4.35", 435),
        ("1000000.01", 100000001),
        ("9999999.99", 999999999),
        ("10000000", 1000000000),
        ("10000000.00", 1000000000),
        ("1", 100),
    ],
)
def test_amounts_with_at_most_two_decimals_become_exact_cents(literal: str, cents: int) -> None:
    assert parse_payment(body(literal)) == (ID_BYTES, cents)


@pytest.mark.parametrize(
    ("literal", "reason"),
    [
        ("19.999", TOO_FINE),
        ("1.005", TOO_FINE),
        ("0.001", TOO_FINE),
        ("0.011", TOO_FINE),
        ("1e-300", TOO_FINE),
        ("0.30000000000000004", TOO_FINE),
        ("9999999.999", TOO_FINE),
        ("0", NOT_POSITIVE),
        ("0.00", NOT_POSITIVE),
        ("-0.0", NOT_POSITIVE),
        ("-19.90", NOT_POSITIVE),
        ("1e-400", NOT_POSITIVE),
        ("10000000.01", TOO_MUCH),
        ("10000001", TOO_MUCH),
        ("18446744073709551615", TOO_MUCH),
        ("1" + "0" * 300, TOO_MUCH),
        ("1e308", TOO_MUCH),
        ('"19.90"', "must be a number, not a string"),
        ("true", "must be a number, not a boolean"),
        ("null", "must be a number, not null"),
        ("[19.90]", "must be a number, not an array"),
        ('{"value": 19.90}', "must be a number, not an object"),
    ],
)
def test_a_refused_amount_is_named_with_its_value_and_the_reason(literal: str, reason: str) -> None:
    ((field, value, why),) = refusal(body(literal))
    assert (field, why) == ("amount", reason)
    expected = orjson.loads(literal)
    assert value == (json.dumps(expected, separators=(",", ":")) if isinstance(expected, list | dict) else expected)


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "01", "1.", ".5", "+1", "0x10", "1_000", "1,5", ""]
)
def test_what_is_no_json_number_makes_the_whole_body_invalid(literal: str) -> None:
    ((field, value, why),) = refusal(body(literal))
    assert field == "body"
    assert str(value).startswith('{"correlationId"')
    assert why.startswith("is not valid JSON: ")


@pytest.mark.parametrize(
    "correlation_id",
    [
        ID,
        ID.upper(),
        "4A7901b8-7d26-4D9d-aa19-4dc1c7CF60b3",
    ],
)
def test_a_uuid_counts_in_either_case(correlation_id: str) -> None:
    assert parse_payment(body("1", correlation_id)) == (ID_BYTES, 100)


@pytest.mark.parametrize(
    "correlation_id",
    [
        "",
        "4a7901b8",
        ID.replace("-", ""),
        "{" + ID + "}",
        "urn:uuid:" + ID,
        ID + " ",
        " " + ID[:-1],
        ID[:-1] + "g",
        ID[:-1] + " ",
        ID[:-2] + "  ",
        ID[:-1] + "-",
        ID[:-2] + "--",
        "4a7901b87-d26-4d9d-aa19-4dc1c7cf60b3",
        "4a7901b8_7d26_4d9d_aa19_4dc1c7cf60b3",
        ID[:-1] + "\uff13",
        ID[:-1] + "\\u0000",
        "-" * 36,
        " " * 36,
    ],
)
def test_any_other_form_of_id_is_refused(correlation_id: str) -> None:
    ((field, value, why),) = refusal(body("1", correlation_id))
    assert (field, value) == ("correlationId", json.loads(f'"{correlation_id}"'))
    assert why.startswith(NOT_AN_ID)


@pytest.mark.parametrize(
    ("literal", "reason"),
    [
        ("1", "a number"),
        ("1.5", "a number"),
        ("false", "a boolean"),
        ("null", "null"),
        ("[]", "an array"),
        ("{}", "an object"),
    ],
)
def test_an_id_that_is_no_string_is_refused(literal: str, reason: str) -> None:
    ((field, _, why),) = refusal(f'{{"correlationId": {literal}, "amount": 1}}'.encode())
    assert (field, why) == ("correlationId", f"must be a string, not {reason}")


def test_every_wrong_field_is_reported_at_once() -> None:
    assert refusal(b'{"correlationId": "x", "amount": "y"}') == [
        ("correlationId", "x", f"{NOT_AN_ID}, like {ID}"),
        ("amount", "y", "must be a number, not a string"),
    ]
    assert refusal(b"{}") == [("correlationId", None, "is missing"), ("amount", None, "is missing")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[]", "an array"),
        (b'"text"', "a string"),
        (b"19.9", "a number"),
        (b"null", "null"),
        (b"true", "a boolean"),
    ],
)
def test_a_body_that_is_no_object_is_refused(content: bytes, reason: str) -> None:
    ((field, _, why),) = refusal(content)
    assert (field, why) == ("body", f"must be a JSON object, not {reason}")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"a": "\\ud800"}',
        b"[" * 4096,
        b'{"a":' * 800,
        b"{}{}",
    ],
)
def test_a_body_that_is_no_json_is_refused(content: bytes) -> None:
    ((field, _, why),) = refusal(content)
    assert field == "body"
    assert why.startswith("is not valid JSON: ")


def test_members_that_nobody_asked_for_are_ignored_and_of_equal_names_the_last_counts() -> None:
    content = f'{{"amount": 7, "note": {{"deep": [1]}}, "correlationId": "{ID}", "amount": 8}}'
    assert parse_payment(content.encode()) == (ID_BYTES, 800)


def test_a_long_value_is_shown_shortened() -> None:
    ((_, value, _),) = refusal(body("1", "x" * 3000))
    assert value == "x" * 80 + "…"
    ((_, value, _),) = refusal(b"\xff" * 3000)
    assert value == "\ufffd" * 80 + "…"
