"""One client's connection to the API, as aiohttp's protocol object with what that leaves open."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from rinha.api import problems
from rinha.api.body import ClientGone

if TYPE_CHECKING:
    from aiohttp import StreamReader

    from rinha.api.open_connections import OpenConnections
    from rinha.api.replies import FixedReply, Replies

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


class Connection(web.RequestHandler):
    """One client's connection, which turns broken HTTP and failures of handlers into problem documents.

    It tells ``OpenConnections`` of itself, and answers a client that has closed its half of the connection.

    Args:
        server: whose handlers answer.
        replies: makes the responses.
        connections: all that are open.
    """

    __slots__ = ("_connections", "_is_silent", "_last_body", "_replies", "head_since", "is_ending")

    def __init__(self, server: web.Server, replies: Replies, connections: OpenConnections) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **CONNECTION_OPTIONS)
        self._replies = replies
        self._connections = connections
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
        return self._request_count == 0 or (self._waiter is not None and not self._waiter.done())

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
        self._is_silent = False
        self._connections.heard(self)
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
            response = self._replies.problem(
                problems.INTERNAL_ERROR, "It may or may not have taken effect. The log says more."
            )
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the response is already sent")
        response.force_close()
        return response

    def _served(self, serving: asyncio.Task[None]) -> None:
        if not serving.cancelled() and (error := serving.exception()):
            # A head that aiohttp's parser takes and its request doesn't, such as a CONNECT to nowhere.
            logger.debug("api.malformed_http", extra={"reason": repr(error)})
            self._leave_with(self._replies.malformed)

    def _leave_with(self, reply: FixedReply) -> None:
        if self.transport is not None:
            self.transport.write(reply.encode(int(time.time())))
        self.force_close()
