"""``rinha payment``: what its arguments say of how a payment ended."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Any

from actors.messages.people import Close
from rinha.answers.closing import BY_MAX_CHARS, REASON_MAX_CHARS
from rinha.api.endpoints.closing_request import NAME_MAX_CHARS, parse_cents, parse_requested_at, parse_text
from rinha.api.endpoints.payment_request import parse_correlation_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def read_order(payment_id: str, settled: Sequence[str] | None, *, by: str, reason: str) -> Close:
    """Read the arguments, by the rules of ``POST /payments/<id>/settled``.

    Args:
        payment_id: the payment's UUID.
        settled: processor, ``requestedAt`` and cents, if it is settled.
        by: who says so; the user who runs this if empty.
        reason: why; may be empty.

    Raises:
        ValueError: names the argument, the value, and what is wrong with it.
    """
    processor, requested_at, cents = settled or ("", "", "")
    return Close(
        _parsed("id", payment_id, parse_correlation_id),
        _parsed("PROCESSOR", processor, _text(NAME_MAX_CHARS)) if settled else "",
        _parsed("CENTS", cents, _cents) if settled else 0,
        _parsed("REQUESTED_AT", requested_at, parse_requested_at) if settled else 0,
        _parsed("--by", by or _user(), _text(BY_MAX_CHARS)),
        _parsed("--reason", reason, _text(REASON_MAX_CHARS, least=0)),
    )


def _parsed(name: str, value: str, parse: Callable[[object], Any]) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise ValueError(f"{name} {value!r}: {error}") from None


def _text(most: int, *, least: int = 1) -> Callable[[object], str]:
    return lambda value: parse_text(value, least=least, most=most)


def _cents(value: object) -> int:
    text = str(value)
    return parse_cents(int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name for the user's number, as in many containers
        return "nobody named"
