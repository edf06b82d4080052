"""A query's parameters and the ids in paths: what each may be, and what is wrong with one that isn't."""

from __future__ import annotations

import difflib
from itertools import islice
from typing import TYPE_CHECKING, Any

from rinha.api.problems import FieldError, InvalidRequest, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

UNKNOWN_MAX = 8
"""So many unknown parameters are named, of the thousands that fit into a request."""
FEWEST_DIGITS, MOST_DIGITS = 6, 32
_DIGITS = frozenset("0123456789abcdef")


def read_parameters(request: web.BaseRequest, readers: Mapping[str, Callable[[str], Any]]) -> dict[str, Any]:
    """Read a query. A parameter that is empty counts as left out.

    Args:
        request: whose.
        readers: how to read each parameter; they raise ``ValueError`` with the reason.

    Returns:
        The values of those that are there.

    Raises:
        InvalidRequest: with every parameter at fault, and the nearest name of one that isn't known.
    """
    query = request.query
    errors = [_unknown(name, query.getall(name)[-1], list(readers)) for name in _unknowns(query, readers)]
    values: dict[str, Any] = {}
    for name, read in readers.items():
        given = query.getall(name, [])
        try:
            if len(given) > 1:
                raise ValueError(f"must be given at most once, not {len(given)} times")
            if given and given[0]:
                values[name] = read(given[0])
        except ValueError as error:
            errors.append({"field": name, "value": shorten(given[-1]), "reason": str(error)})
    if errors:
        raise InvalidRequest(errors)
    return values


def read_digits(text: str) -> str:
    """Read an id, or how one begins: 6 to 32 hexadecimal digits, hyphens and case are as one likes.

    Raises:
        InvalidRequest: it is none.
    """
    digits = text.replace("-", "").lower()
    if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS and set(digits) <= _DIGITS:
        return digits
    reason = f"must be a payment's UUID, or {FEWEST_DIGITS} or more of the hexadecimal digits that it begins with"
    raise InvalidRequest([{"field": "correlationId", "value": shorten(text), "reason": reason}])


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from ``low`` to ``high``."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 20 and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def one_of(*names: str) -> Callable[[str], str]:
    """A reader of one of these names."""

    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return text

    return read


def _unknowns(query: Mapping[str, str], readers: Mapping[str, object]) -> list[str]:
    return list(islice((name for name in dict.fromkeys(query) if name not in readers), UNKNOWN_MAX))


def _unknown(name: str, value: str, known: list[str]) -> FieldError:
    # Short names have little in common with anything: half is enough.
    nearest = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(known)}" if known else "there are none"
    return {"field": str(shorten(name)), "value": shorten(value), "reason": f"is no parameter; {hint}"}
