"""What a person says of how a payment ended: what counts as that, and what is wrong with what doesn't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from actors.messages.people import Close
from rinha.answers.closing import BY_MAX_CHARS, REASON_MAX_CHARS
from rinha.api.endpoints.payment_request import AMOUNT_MAX, parse_correlation_id
from rinha.api.endpoints.summary import parse_instant
from rinha.api.problems import FieldError, InvalidRequest, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CENTS_MAX = AMOUNT_MAX * 100
NAME_MAX_CHARS = 100


def parse_closing(payment_id: str, body: bytes, *, settled: bool) -> Close:
    """Read a request's id and body.

    The body is a JSON object; other members are ignored. ``by`` and ``reason``, texts, may be left out, and with them
    the whole body of a payment that isn't settled. One that is has ``processor``, ``requestedAt`` (an instant, to the
    millisecond) and ``amountCents``.

    Args:
        payment_id: from the path.
        body: the body.
        settled: whether the payment is settled.

    Raises:
        InvalidRequest: with every field at fault.
    """
    try:
        document = orjson.loads(body) if body or settled else {}
    except orjson.JSONDecodeError as error:
        raise InvalidRequest([_error("body", body, f"is not valid JSON: {error}")]) from None
    if type(document) is not dict:
        raise InvalidRequest([_error("body", document, "must be a JSON object")])
    given = {"by": "", "reason": "", **document} | {"correlationId": payment_id}
    values, errors = _read(given, {**_ALWAYS, **(_SETTLED if settled else {})})
    if errors:
        raise InvalidRequest(errors)
    return Close(
        values["correlationId"],
        values.get("processor", ""),
        values.get("amountCents", 0),
        values.get("requestedAt", 0),
        values["by"],
        values["reason"],
    )


def _read(
    given: Mapping[str, Any], parsers: Mapping[str, Callable[[object], Any]]
) -> tuple[dict[str, Any], list[FieldError]]:
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for field, parse in parsers.items():
        if field not in given:
            errors.append(_error(field, None, "is missing"))
            continue
        try:
            values[field] = parse(given[field])
        except ValueError as error:
            errors.append(_error(field, given[field], str(error)))
    return values, errors


def parse_text(value: object, *, least: int, most: int) -> str:
    """Read a text of printable characters on one line.

    Raises:
        ValueError: says why it is none.
    """
    if type(value) is not str:
        raise ValueError("must be a string")
    if not least <= len(value) <= most:
        raise ValueError(f"must have {least} to {most} characters")
    if not value.isprintable():
        raise ValueError("must be printable, on one line")
    return value


def parse_cents(value: object) -> int:
    """Read an amount in cents.

    Raises:
        ValueError: says why it is none.
    """
    if type(value) is not int or not 0 < value <= CENTS_MAX:
        raise ValueError(f"must be a whole number of cents from 1 to {CENTS_MAX}")
    return value


def parse_requested_at(value: object) -> int:
    """Read a ``requestedAt`` of the millisecond.

    Returns:
        Milliseconds since the Unix epoch.

    Raises:
        ValueError: says why it is none.
    """
    if type(value) is not str:
        raise ValueError("must be a string")
    return parse_instant(value, round_up=False)


def _error(field: str, value: object, reason: str) -> FieldError:
    return {"field": field, "value": shorten(value), "reason": reason}


_ALWAYS: Mapping[str, Callable[[object], Any]] = {
    "correlationId": parse_correlation_id,
    "by": lambda value: parse_text(value, least=0, most=BY_MAX_CHARS),
    "reason": lambda value: parse_text(value, least=0, most=REASON_MAX_CHARS),
}
_SETTLED: Mapping[str, Callable[[object], Any]] = {
    "processor": lambda value: parse_text(value, least=1, most=NAME_MAX_CHARS),
    "amountCents": parse_cents,
    "requestedAt": parse_requested_at,
}
