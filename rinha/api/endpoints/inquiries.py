"""What becomes of payments, and how the processors are: what people ask the worker through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from actors.messages.people import (
    GetHeldReport,
    GetPayment,
    GetPayments,
    GetProcessors,
    RetryParked,
    RetryPayment,
)
from actors.reports import RetryResult
from rinha.answers.reports import page_as_json, payments_as_json, report_as_json, retry_as_json
from rinha.api import problems
from rinha.api.endpoints.parameters import MOST_DIGITS, one_of, read_digits, read_parameters, whole_number
from rinha.api.problems import InvalidRequest
from rinha.bridge.errors import BridgeError
from rinha.bridge.protocol.wire.questions import PAYMENTS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from rinha.api.admin import Handler
    from rinha.api.gateway import Gateway
    from rinha.api.replies import Replies

STATES = ("waiting", "in_flight", "unknown", "parked")
UNKNOWN = (
    "The worker knows no payment of this id: it was never posted here, or was purged, or the worker was restarted "
    "without a journal since."
)
"""What a 404 may mean."""
_LIST: dict[str, Callable[[str], Any]] = {
    "state": one_of(*STATES),
    "limit": whole_number(1, PAYMENTS_MAX),
    "after": str,
}


class InquiryHandlers:
    """Answers them.

    Args:
        gateway: the way to the worker.
        replies: makes the responses.
        timeout_s: how long to wait for the worker's answer.
    """

    def __init__(self, gateway: Gateway, *, replies: Replies, timeout_s: float) -> None:
        self._gateway = gateway
        self._replies = replies
        self._timeout_s = timeout_s

    async def get_payment(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /payments/<id, or how it begins>``."""
        try:
            digits = read_digits(last_part(request))
            read_parameters(request, {})
        except InvalidRequest as error:
            return self._invalid("A payment's id stands in the path, and there are no parameters.", error)
        return await self._ask(GetPayment(digits), lambda found: self._found(digits, found))

    async def get_payments(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /payments?state&limit&after``."""
        try:
            question = GetPayments(**read_parameters(request, _LIST))
        except InvalidRequest as error:
            return self._invalid("state, limit and after may each be left out; there are no others.", error)
        return await self._ask(question, lambda page: self._replies.json(page_as_json(page)))

    async def get_held(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /held``."""
        return await self._ask(GetHeldReport(), self._report)

    async def get_processors(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /processors``."""
        return await self._ask(GetProcessors(), self._report)

    async def post_retry(self, request: web.BaseRequest) -> web.StreamResponse:
        """``POST /payments/<id>/retry``."""
        text = request.path.split("/")[2]
        try:
            digits = read_digits(text)
            if len(digits) < MOST_DIGITS:
                reason = f"must be a whole UUID, of {MOST_DIGITS} hexadecimal digits"
                raise InvalidRequest([{"field": "correlationId", "value": problems.shorten(text), "reason": reason}])
        except InvalidRequest as error:
            return self._invalid("Nothing is tried again by the beginning of an id.", error)
        payment_id = bytes.fromhex(digits)
        return await self._ask(RetryPayment(payment_id), lambda answer: self._retried(payment_id, answer), RETRY)

    async def post_retry_all(self, request: web.BaseRequest) -> web.StreamResponse:
        """``POST /parked/retry``."""
        return await self._ask(RetryParked(), lambda count: self._replies.json({"retried": count}), RETRY)

    def _found(self, digits: str, found: Any) -> web.StreamResponse:
        if found:
            return self._replies.json(payments_as_json(found))
        if len(digits) < MOST_DIGITS:
            return self._replies.problem(problems.UNKNOWN_PAYMENT, f"No id begins with {digits}. {UNKNOWN}")
        return self._replies.problem(problems.UNKNOWN_PAYMENT, UNKNOWN, correlationId=str(UUID(digits)))

    def _report(self, report: Any) -> web.StreamResponse:
        return self._replies.json(report_as_json(report))

    def _retried(self, payment_id: bytes, answer: Any) -> web.StreamResponse:
        document = retry_as_json(payment_id, answer)
        if answer.result is RetryResult.RETRIED:
            return self._replies.json(document)
        missing = answer.result is RetryResult.NO_PAYMENT
        kind = problems.UNKNOWN_PAYMENT if missing else problems.NOT_PARKED
        return self._replies.problem(kind, answer.why, **document)

    def _invalid(self, detail: str, error: InvalidRequest) -> web.StreamResponse:
        return self._replies.problem(problems.INVALID_REQUEST, detail, errors=error.errors)

    async def _ask(self, question: Any, reply: Any, repeat: str = "Ask again.") -> web.StreamResponse:
        try:
            answer = await self._gateway.ask(question, timeout_s=self._timeout_s)
        except BridgeError as error:
            return self._replies.no_answer(error, repeat=repeat)
        response: web.StreamResponse = reply(answer)
        return response


RETRY = "It may be tried again already. To say so once more is safe."


def last_part(request: web.BaseRequest) -> str:
    """What stands behind the last slash of the path."""
    return request.path.rpartition("/")[2]


def by_whole_id(whole: Handler, part: Handler) -> Handler:
    """A handler for those who name a whole id, which is secret enough, and another one for those who don't."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        digits = last_part(request).replace("-", "")
        return await (whole if len(digits) >= MOST_DIGITS else part)(request)

    return handle
