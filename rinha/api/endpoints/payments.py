"""``POST /payments`` as aiohttp brings it; what comes the short way doesn't pass here (``rinha.api.connection``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.api.body import BodyRefused, refuse
from rinha.api.problems import InvalidRequest
from rinha.api.replies import FixedReply
from rinha.bridge.errors import NoCredit, OutcomeUnknown
from rinha.trace.ids import ROOT, SAMPLED, TRACEPARENT, TraceParent, parse_traceparent, span_id

if TYPE_CHECKING:
    from asyncio import Future

    from aiohttp import web

    from actors.values import Verdict
    from rinha.api.body import BodyReader
    from rinha.api.endpoints.taking import PaymentTaker
    from rinha.api.replies import Replies


class PaymentHandler:
    """Validate, hand over to the worker, answer its verdict.

    Args:
        taker: decides.
        bodies: reads requests' bodies.
        replies: makes the responses.
    """

    def __init__(self, taker: PaymentTaker, *, bodies: BodyReader, replies: Replies) -> None:
        self._taker = taker
        self._bodies = bodies
        self._replies = replies

    async def post(self, request: web.BaseRequest) -> web.StreamResponse:
        """``POST /payments``."""
        taker = self._taker
        begun_ns = taker.begin()
        header = request.headers.get(TRACEPARENT) if begun_ns else None
        caller = None if header is None else parse_traceparent(header)
        try:
            payment = taker.read(await self._bodies.read(request), begun_ns, caller)
        except BodyRefused as error:
            return refuse(request, error, self._replies)
        except InvalidRequest as error:
            encoding = request.headers.get("Content-Encoding", "identity")
            return self._replies.fixed(taker.refuse(error, encoding), request)
        handed = taker.hand_over(payment)
        reply = handed if isinstance(handed, FixedReply) else taker.conclude(payment, await _verdict(handed))
        taker.note(payment, begun_ns, reply, caller)
        response = self._replies.fixed(reply, request)
        if caller is None:
            return response
        sampled = SAMPLED if payment.traced_at_us else 0
        ours = TraceParent(caller.trace_id, span_id(payment.payment_id, ROOT), sampled)
        return self._replies.with_header(response, TRACEPARENT, str(ours))


async def _verdict(handed: Future[Verdict]) -> Verdict | NoCredit | OutcomeUnknown:
    try:
        return await handed
    except (NoCredit, OutcomeUnknown) as error:
        return error
