"""The body of ``POST /payments``: what counts as a payment, and what is wrong with one that doesn't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from rinha.api.problems import FieldError, InvalidRequest, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

AMOUNT_MAX = 10_000_000

JSON_NAMES = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
}


def parse_payment(body: bytes) -> tuple[bytes, int]:
    """Read a payment from the body of a request.

    The body is a JSON object with ``correlationId``, a UUID of any version in its 36-character form and either case,
    and ``amount``, a number > 0 and <= 10,000,000.00 with at most two decimals. Other members are ignored, and of
    members with the same name the last one counts.

    Returns:
        The 16 bytes of the id, and the amount in cents.

    Raises:
        InvalidRequest: with every field at fault.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest([_error("body", body, f"is not valid JSON: {error}")]) from None
    if type(document) is not dict:
        raise InvalidRequest([_error("body", document, f"must be a JSON object, not {_json_name(document)}")])
    try:
        return parse_correlation_id(document["correlationId"]), parse_amount(document["amount"])
    except (KeyError, ValueError):
        raise InvalidRequest(_collect_errors(document)) from None


def parse_correlation_id(value: object) -> bytes:
    """Read a UUID.

    Args:
        value: a JSON value.

    Raises:
        ValueError: says why it is none.
    """
    if type(value) is not str:
        raise ValueError(f"must be a string, not {_json_name(value)}")
    if len(value) == 36 and value[8] == value[13] == value[18] == value[23] == "-":
        try:
            payment_id = bytes.fromhex(value.replace("-", ""))
        except ValueError:
            payment_id = b""
        # fromhex skips blanks, and there may be more hyphens than four: both leave less than 16 bytes.
        if len(payment_id) == 16:
            return payment_id
    raise ValueError("must be a UUID of 36 characters, like 4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3")


def parse_amount(value: object) -> int:
    """Read an amount of money.

    A number is judged by the double that it reads as: the one nearest to an amount of whole cents is that amount.
    Doubles of this size lie at most 2e-9 apart, so a literal that is off by more is told from it.

    Args:
        value: a JSON value.

    Returns:
        The amount in cents.

    Raises:
        ValueError: says why it is none.
    """
    # By exact type, because to Python a bool is an int.
    if type(value) is not float and type(value) is not int:
        raise ValueError(f"must be a number, not {_json_name(value)}")
    if not value > 0:
        raise ValueError("must be greater than 0")
    if value > AMOUNT_MAX:
        raise ValueError(f"must be at most {AMOUNT_MAX}.00")
    cents = round(value * 100)
    if cents / 100 != value:
        raise ValueError("must have at most two decimals")
    return cents


def _collect_errors(document: dict[str, Any]) -> list[FieldError]:
    """Look at every field again, off the hot path."""
    fields: dict[str, Callable[[object], object]] = {"correlationId": parse_correlation_id, "amount": parse_amount}
    errors = []
    for field, parse in fields.items():
        if field not in document:
            errors.append(_error(field, None, "is missing"))
            continue
        try:
            parse(document[field])
        except ValueError as error:
            errors.append(_error(field, document[field], str(error)))
    return errors


def _error(field: str, value: object, reason: str) -> FieldError:
    return {"field": field, "value": shorten(value), "reason": reason}


def _json_name(value: object) -> str:
    return JSON_NAMES.get(type(value), "null")
