"""What all processes know: statistics, events and traces. With the worker away, at least what this one knows."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from actors.messages.people import GetPayment, GetStatistics
from rinha.answers.reports import events_as_json, hops_as_json, report_as_json
from rinha.answers.statistics import statistics_as_json
from rinha.api import problems
from rinha.api.endpoints.inquiries import last_part
from rinha.api.endpoints.parameters import MOST_DIGITS, read_digits, read_parameters, whole_number
from rinha.api.problems import InvalidRequest
from rinha.bridge.errors import BridgeError, RequestTimeout
from rinha.bridge.protocol.wire.own_questions import IDS_MAX, GetEvents, GetFigures, GetHops
from rinha.bridge.protocol.wire.processes import AllEvents, AllHops, AllReports
from rinha.logs.own_events import merged

if TYPE_CHECKING:
    from aiohttp import web

    from rinha.api.gateway import Gateway
    from rinha.api.process import ApiProcess
    from rinha.api.replies import Replies

NO_TRACE = (
    "No process remembers a hop of this payment: it was never posted here, or so long ago that its hops made room for "
    "others, or its processes were restarted since, or RINHA_TRACE_RECENT is 0."
)
"""What a 404 may mean."""
_COUNT = whole_number(1, IDS_MAX)


class ProcessHandlers:
    """Asks the worker, which asks the APIs.

    Args:
        gateway: the way to the worker.
        process: this one.
        replies: makes the responses.
        timeout_s: how long to wait for the worker's answer.
    """

    def __init__(self, gateway: Gateway, process: ApiProcess, *, replies: Replies, timeout_s: float) -> None:
        self._gateway = gateway
        self._process = process
        self._replies = replies
        self._timeout_s = timeout_s

    async def get_statistics(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /statistics``."""
        (worker, fault), (reports, _), stream = await asyncio.gather(
            self._try(GetStatistics()),
            self._try(GetFigures()),
            self._gateway.stream_report(timeout_s=self._timeout_s),
        )
        if reports is None:
            reports = AllReports((self._process.figures(),))
        document = {
            "worker": None if worker is None else statistics_as_json(worker),
            "apis": [report_as_json(each) for each in reports.apis],
            "missing": [*reports.missing, *fault],
        }
        if stream is not None:
            document["stream"] = report_as_json(stream)
        return self._replies.json(document)

    async def get_events(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /events?after``."""
        try:
            after = read_parameters(request, {"after": whole_number(0, 2**63)}).get("after", 0)
        except InvalidRequest as error:
            return self._invalid("after is the number of an event, and may be left out.", error)
        until = time.time_ns() // 1000
        events, fault = await self._try(GetEvents(after))
        if events is None:
            events = AllEvents((self._process.events(after),))
        return self._replies.json(events_as_json(merged(events.processes, until), [*events.missing, *fault]))

    async def get_traces(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /traces?slowest`` or ``?failed``."""
        try:
            given = read_parameters(request, {"slowest": _COUNT, "failed": _COUNT})
        except InvalidRequest as error:
            return self._invalid("Ask for the slowest or the failed, and how many of them.", error)
        if len(given) != 1:
            return self._replies.problem(problems.INVALID_REQUEST, "Give one of slowest and failed, e.g. ?slowest=5.")
        ((by, number),) = given.items()
        hops, fault = await self._try(GetHops((), by, number))
        if hops is None:
            ids = tuple(payment_id for _, payment_id in self._process.ranked(by, number))
            hops = AllHops((self._process.hops(ids),))
        return self._replies.json(hops_as_json(hops._replace(missing=(*hops.missing, *fault))))

    async def get_trace(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /traces/<id, or how it begins>``."""
        try:
            digits = read_digits(last_part(request))
            read_parameters(request, {})
        except InvalidRequest as error:
            return self._invalid("A payment's id stands in the path, and there are no parameters.", error)
        ids, fault = await self._ids(digits)
        hops, also = (AllHops(()), fault) if not ids else await self._try(GetHops(ids))
        if hops is None:
            hops = AllHops((self._process.hops(ids),))
        if not any(each.hops for each in hops.processes):
            detail = " ".join([NO_TRACE, *(f"Not asked: {each}." for each in (*hops.missing, *also))])
            return self._replies.problem(problems.UNKNOWN_TRACE, detail)
        return self._replies.json(hops_as_json(hops._replace(missing=(*hops.missing, *also))))

    async def _ids(self, digits: str) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
        if len(digits) == MOST_DIGITS:
            return (bytes.fromhex(digits),), ()
        found, fault = await self._try(GetPayment(digits))
        return tuple(each.payment_id for each in found or ()), fault

    async def _try(self, question: Any) -> tuple[Any, tuple[str, ...]]:
        """The worker's answer; if there is none, why."""
        try:
            return await self._gateway.ask(question, timeout_s=self._timeout_s), ()
        except BridgeError as error:
            return None, (self._why(error),)

    def _why(self, error: BridgeError) -> str:
        if isinstance(error, RequestTimeout) or self._gateway.ready:
            return f"payment-worker: {error}"
        return f"payment-worker: {self._process.figures().why or error}"

    def _invalid(self, detail: str, error: InvalidRequest) -> web.StreamResponse:
        return self._replies.problem(problems.INVALID_REQUEST, detail, errors=error.errors)
