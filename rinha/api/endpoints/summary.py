"""``GET /payments-summary``: its window, and its answer."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from actors.messages.people import GetSummary
from rinha.api import problems
from rinha.api.problems import FieldError, InvalidRequest, shorten
from rinha.bridge.errors import BridgeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web

    from actors.values import Summary
    from rinha.api.gateway import Gateway
    from rinha.api.replies import Replies

BOUNDS = ("from", "to")
UNKNOWN_MAX = 8
"""So many unknown parameters are named, of the thousands that fit into a request."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([-+ ])([01]\d|2[0-3])(?::?([0-5]\d))?)",
    re.ASCII,
)
"""A blank stands for the ``+`` of an offset, because that is what a raw ``+`` in a query becomes."""


def parse_window(parameters: Mapping[str, Sequence[str]]) -> GetSummary:
    """Read ``from`` and ``to`` from a query. One that is empty counts as absent, as it does at the processors.

    Books hold milliseconds. Within a window of finer bounds lie the milliseconds from ``from`` rounded up to ``to``
    rounded down.

    Args:
        parameters: each parameter's values, decoded.

    Raises:
        InvalidRequest: with every parameter at fault. One that isn't known is, because it may be meant for a bound: the
            answer would be about another window than was asked for.
    """
    unknown = islice((name for name in parameters if name not in BOUNDS), UNKNOWN_MAX)
    errors: list[FieldError] = [_unknown(name, parameters[name]) for name in unknown]
    bounds: dict[str, int | None] = {}
    for name in BOUNDS:
        values = parameters.get(name, ())
        bounds[name] = None
        try:
            if len(values) > 1:
                raise ValueError(f"must be given at most once, not {len(values)} times")
            if values and values[0]:
                bounds[name] = parse_instant(values[0], round_up=name == "from")
        except ValueError as error:
            errors.append({"field": name, "value": shorten(values[-1]), "reason": str(error)})
    if errors:
        raise InvalidRequest(errors)
    return GetSummary(from_ms=bounds["from"], to_ms=bounds["to"])


def _unknown(name: str, values: Sequence[str]) -> FieldError:
    # Short names have little in common with anything: of "frm" and "form" half is enough.
    nearest = difflib.get_close_matches(name.lower(), BOUNDS, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}?" if nearest else "there are from and to"
    return {"field": str(shorten(name)), "value": shorten(values[-1]), "reason": f"is no parameter; {hint}"}


def parse_instant(text: str, *, round_up: bool) -> int:
    """Read an ISO 8601 date and time with ``Z`` or an offset of at most 23:59.

    Args:
        text: such as ``2025-07-15T12:34:56.789Z``; the fraction may have any length.
        round_up: what to do with a fraction finer than a millisecond; if not up, it is rounded down.

    Returns:
        Milliseconds since the Unix epoch, negative before it.

    Raises:
        ValueError: says why it is none.
    """
    match = INSTANT.fullmatch(text)
    if match is None:
        raise ValueError("must be an ISO 8601 instant with Z or an offset, like 2025-07-15T12:34:56.789Z")
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups(default="")
    try:
        instant = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"is no date and time that exists: {error}") from None
    if sign:
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes or 0))
        try:
            instant += offset if sign == "-" else -offset
        except OverflowError:
            raise ValueError("must lie in the years 1 to 9999 UTC") from None
    finer = round_up and fraction[3:].strip("0") != ""
    return (instant - EPOCH) // timedelta(milliseconds=1) + int(f"{fraction:0<3}"[:3]) + finer


class SummaryHandler:
    """What was settled, by processor.

    Args:
        gateway: the way to the worker.
        replies: makes the responses.
        timeout_s: how long to wait for the worker's answer.
    """

    def __init__(self, gateway: Gateway, *, replies: Replies, timeout_s: float) -> None:
        self._gateway = gateway
        self._replies = replies
        self._timeout_s = timeout_s

    async def get(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /payments-summary?from&to``."""
        query = request.query
        try:
            window = parse_window({name: query.getall(name) for name in query})
        except InvalidRequest as error:
            detail = "from and to may each be left out, and there are no other parameters."
            return self._replies.problem(problems.INVALID_WINDOW, detail, errors=error.errors)
        try:
            summary = await self._gateway.ask(window, timeout_s=self._timeout_s)
        except BridgeError as error:
            return self._replies.no_answer(error, repeat="Ask again.")
        return self._replies.json(_summary_document(summary))


def _summary_document(summary: Summary) -> dict[str, dict[str, int | float]]:
    # The double nearest to a decimal of up to 15 digits prints as that decimal: exact below 10**15 cents.
    return {
        name: {"totalRequests": totals.requests, "totalAmount": totals.amount_cents / 100}
        for name, totals in summary.items()
    }
