"""One client's connection to the API, as aiohttp's protocol object with what that leaves open.

Nearly every payment comes whole and alone, and is answered here without a request object (``rinha.api.lane``).
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from rinha.api import problems
from rinha.api.body import ClientGone
from rinha.api.problems import InvalidRequest
from rinha.api.replies import FixedReply
from rinha.bridge.errors import NoCredit, OutcomeUnknown

if TYPE_CHECKING:
    from aiohttp import StreamReader

    from actors.values import Payment, Verdict
    from rinha.api.endpoints.taking import PaymentTaker
    from rinha.api.lane import Lane
    from rinha.api.open_connections import OpenConnections
    from rinha.api.replies import Replies

logger = logging.getLogger(__name__)

CONNECTION_OPTIONS: dict[str, Any] = {
    "access_log": None,
    # Longer than a balancer keeps an idle connection, so that it is never us who closes one under its next request.
    "keepalive_timeout": 75.0,
    # How long the rest of a refused body is read and dropped, so that the client gets to read the refusal.
    "lingering_time": 2.0,
    # A body is at most 4 KiB on the wire and after; a compressed one is refused.
    "auto_decompress": False,
}


FAILED = "It may or may not have taken effect. The log says more."


class Connection(web.RequestHandler):
    """One client's connection, which turns broken HTTP and failures of handlers into problem documents.

    It tells ``OpenConnections`` of itself, and answers a client that has closed its half of the connection.

    Args:
        server: whose handlers answer.
        replies: makes the responses.
        connections: all that are open.
        lane: tells what may go the short way.
        taker: takes what does.
    """

    __slots__ = (
        "_behind",
        "_connections",
        "_is_silent",
        "_lane",
        "_last_body",
        "_replies",
        "_taker",
        "_verdict",
        "head_since",
        "is_ending",
    )

    def __init__(
        self, server: web.Server, replies: Replies, connections: OpenConnections, lane: Lane, taker: PaymentTaker
    ) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **CONNECTION_OPTIONS)
        self._replies = replies
        self._connections = connections
        self._lane = lane
        self._taker = taker
        self._verdict: asyncio.Future[Verdict] | None = None
        """That of the payment that came the short way and isn't answered yet."""
        self._behind = b""
        """What came behind that one: it is read when that is answered."""
        self.head_since = self._loop.time()
        """See ``Guest``. A client has to send its first request as soon as it has connected."""
        self._is_silent = True
        self._last_body: StreamReader | None = None
        self.is_ending = False
        """See ``Guest``."""

    @property
    def is_idle(self) -> bool:
        """See ``Guest``."""
        # Before the first request its task may not have begun to wait for one.
        waits = self._request_count == 0 or (self._waiter is not None and not self._waiter.done())
        return waits and self._verdict is None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        super().connection_made(transport)
        if self._task_handler is not None:
            self._task_handler.add_done_callback(self._served)
        self._connections.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Called by the event loop."""
        self._connections.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._connections.heard(self)
        if self._verdict is not None:
            self._hold(data)
            return
        body = self._lane.body_of(data) if self._is_between_requests() else None
        self._is_silent = False
        if body is None:
            self._give_to_aiohttp(data)
        else:
            self.head_since = 0.0
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
            self._take(body)

    def _is_between_requests(self) -> bool:
        """Whether aiohttp has nothing of a request, nor anything to say: what comes now is a new one's begin."""
        return (
            (self._is_silent or not self.head_since)
            and self.is_idle
            and (self._last_body is None or self._last_body.is_eof())
            and not (self._close or self._force_close or self._upgraded or self._paused or self._replies.draining)
        )

    def _take(self, body: bytes) -> None:
        """Take the payment of a request that came the short way, and answer it or wait for its verdict."""
        taker = self._taker
        begun_ns = taker.begin()
        try:
            try:
                payment = taker.read(body, begun_ns)
            except InvalidRequest as error:
                self._answer(taker.refuse(error))
                return
            handed = taker.hand_over(payment)
            if isinstance(handed, FixedReply):
                taker.note(payment, begun_ns, handed)
                self._answer(handed)
                return
        except Exception as error:
            self._fail(error)
            return
        self._verdict = handed
        self._verdict.add_done_callback(partial(self._decided, payment, begun_ns))

    def _decided(self, payment: Payment, begun_ns: int, verdict: asyncio.Future[Verdict]) -> None:
        self._verdict = None
        error = asyncio.CancelledError() if verdict.cancelled() else verdict.exception()
        if error is not None and not isinstance(error, NoCredit | OutcomeUnknown):
            self._fail(error)
            return
        reply = self._taker.conclude(payment, error or verdict.result())
        self._taker.note(payment, begun_ns, reply)
        self._answer(reply)

    def _answer(self, reply: FixedReply) -> None:
        if self.transport is None:
            return  # the client is gone; its payment goes on
        if self._replies.draining or self.is_ending:
            self._leave_with(reply, closing=self._replies.draining)
            return
        self.transport.write(reply.message())
        if self._behind:
            behind, self._behind = self._behind, b""
            self.transport.resume_reading()
            self.data_received(behind)

    def _fail(self, error: BaseException) -> None:
        """The same for a payment that its handling failed on."""
        logger.error("api.handler_failed", exc_info=error, extra={"path": "/payments"})
        self._leave_with(self._replies.fixed_problem(problems.INTERNAL_ERROR, FAILED), closing=True)

    def _hold(self, data: bytes) -> None:
        self._behind += data
        if self.transport is not None:
            self.transport.pause_reading()

    async def shutdown(self, timeout: float | None = 15.0) -> None:  # noqa: ASYNC109  # aiohttp's signature
        """Called by aiohttp at the end: what came the short way is answered first."""
        if self._verdict is not None:
            await asyncio.wait([self._verdict], timeout=timeout)
        await super().shutdown(timeout)

    def _process_keepalive(self) -> None:
        if self._verdict is not None:  # aiohttp takes it for idle
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        super()._process_keepalive()

    def _give_to_aiohttp(self, data: bytes) -> None:
        requests, body = self._request_count, self._last_body
        was_whole = body is None or body.is_eof()
        was_closing = self._close
        if not was_whole:
            # aiohttp drops what comes once a connection is to be closed: also the rest of the request that it answers
            # last, for which the answer, and with it the whole drain, would then wait in vain.
            self._close = False
        super().data_received(data)
        self._close = self._close or was_closing
        if self._request_count != requests:
            self.head_since = 0.0
            if self._messages:
                self._last_body = self._messages[-1][1]
        elif data and was_whole and not self.head_since:
            # It belongs to no body, and completes no head.
            self.head_since = self._loop.time()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's may say so, aiohttp's says nothing
        """Called by the event loop when the client sends nothing more, which doesn't take back what it has asked for.

        Returns:
            Whether the connection stays open to answer that (RFC 9112 9.6).
        """
        if self._verdict is not None:
            self.is_ending = True
            return True
        if self.is_idle or self._last_body is None or not self._last_body.is_eof():
            return False
        self.is_ending = True
        if len(self._messages) + (self._waiter is None) <= 1:
            # It would leave all but the first of several without their answers.
            self.close()
        return True

    def refuse_head(self) -> None:
        """See ``Guest``."""
        if self._is_silent:
            self.force_close()
        else:
            self._leave_with(self._replies.head_timeout)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Called by aiohttp with 400 if the client's bytes are no HTTP, and otherwise if a handler raised.

        Raises:
            ConnectionError: nothing can be answered any more; the connection is dropped.
        """
        if isinstance(exc, ClientGone):
            raise exc
        if status == problems.MALFORMED_HTTP.status:
            logger.debug("api.malformed_http", extra={"reason": message})
            detail, reason = problems.UNREADABLE, problems.shorten(message or "")
            response = self._replies.problem(problems.MALFORMED_HTTP, detail, reason=reason)
        else:
            logger.error("api.handler_failed", exc_info=exc or True, extra={"path": request.path})
            response = self._replies.problem(problems.INTERNAL_ERROR, FAILED)
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the response is already sent")
        response.force_close()
        return response

    def _served(self, serving: asyncio.Task[None]) -> None:
        if not serving.cancelled() and (error := serving.exception()):
            # A head that aiohttp's parser takes and its request doesn't, such as a CONNECT to nowhere.
            logger.debug("api.malformed_http", extra={"reason": repr(error)})
            self._leave_with(self._replies.malformed)

    def _leave_with(self, reply: FixedReply, *, closing: bool = False) -> None:
        if self.transport is not None:
            self.transport.write(reply.encode(int(time.time()), closing=closing))
        self.force_close()
