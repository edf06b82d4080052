"""A person's word on how a payment ended that doesn't end by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from uuid import UUID

from actors.reports import CloseResult
from rinha.answers.closing import explain
from rinha.api import problems
from rinha.api.body import BodyRefused, refuse
from rinha.api.endpoints.closing_request import parse_closing
from rinha.api.problems import InvalidRequest
from rinha.bridge.errors import BridgeError

if TYPE_CHECKING:
    from aiohttp import web

    from actors.messages.people import Close
    from actors.reports import CloseAnswer
    from rinha.api.body import BodyReader
    from rinha.api.gateway import Gateway
    from rinha.api.replies import Replies

ADDRESS_MAX_CHARS = 60
"""An IPv6 address has up to 45."""

_PROBLEMS = {
    CloseResult.NO_PAYMENT: problems.UNKNOWN_PAYMENT,
    CloseResult.NO_PROCESSOR: problems.INVALID_CLOSING,
    CloseResult.WRITTEN_OFF: problems.WRITTEN_OFF,
}


class ClosingHandlers:
    """What a person says of payments that don't end by themselves.

    Args:
        gateway: the way to the worker.
        bodies: reads requests' bodies.
        replies: makes the responses.
        timeout_s: how long to wait for the worker's answer.
    """

    def __init__(self, gateway: Gateway, *, bodies: BodyReader, replies: Replies, timeout_s: float) -> None:
        self._gateway = gateway
        self._bodies = bodies
        self._replies = replies
        self._timeout_s = timeout_s

    async def post_settled(self, request: web.BaseRequest) -> web.StreamResponse:
        """``POST /payments/<id>/settled``."""
        return await self._close(request, settled=True)

    async def post_not_settled(self, request: web.BaseRequest) -> web.StreamResponse:
        """``POST /payments/<id>/not-settled``."""
        return await self._close(request, settled=False)

    async def _close(self, request: web.BaseRequest, *, settled: bool) -> web.StreamResponse:
        try:
            body = await self._bodies.read(request)
            order = parse_closing(request.path.split("/")[2], body, settled=settled)
        except BodyRefused as error:
            return refuse(request, error, self._replies)
        except InvalidRequest as error:
            detail = "A JSON object says processor, requestedAt and amountCents of a settled payment, by whom, and why."
            return self._replies.problem(problems.INVALID_CLOSING, detail, errors=error.errors)
        order = order._replace(by=_who(order.by, request))
        try:
            answer = await self._gateway.ask(order, timeout_s=self._timeout_s)
        except BridgeError as error:
            repeat = "The payment may be closed or not. To say the same again is safe: 409 says if it is."
            return self._replies.no_answer(error, repeat=repeat)
        return self._answer(order, answer)

    def _answer(self, order: Close, answer: CloseAnswer) -> web.Response:
        name = str(UUID(bytes=order.payment_id))
        if answer.result is CloseResult.CLOSED:
            status = "settled" if order.processor else "written_off"
            return self._replies.json({"status": status, "correlationId": name})
        kind = _PROBLEMS.get(answer.result, problems.NOT_CLOSED)
        headers = {"Retry-After": str(math.ceil(answer.wait_s))} if answer.wait_s else None
        return self._replies.problem(kind, explain(answer), headers=headers, correlationId=name)


def _who(name: str, request: web.BaseRequest) -> str:
    """The name that the caller gives, and the address that the request comes from, as far as it is known.

    Over a Unix socket comes what a balancer passes on, which says whose it is.
    """
    address = request.remote or request.headers.get("X-Forwarded-For", "")
    shown = f"({address[:ADDRESS_MAX_CHARS]})" if address and address.isprintable() else ""
    return " ".join(each for each in (name, shown) if each) or "nobody named"
