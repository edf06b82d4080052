"""Keep-alive connections to one processor, and one request and answer over one of them.

Of geventhttpclient only the parser is used. What its upper layers do, checked with scripted peers on 2.6.1:
``HTTPClient.request`` sends a GET or PUT (in this version no POST) up to the pool's size + 1 times more when the server
closes the connection, and builds and validates its headers on every call. ``HTTPSocketPoolResponse`` gives the
connection back to the pool as soon as *any* message is complete: after an interim 100 another request could take it and
read our answer. And where two answers arrive in one segment, it reports the status of the second, both bodies as one,
and keeps the connection. So the reading is done here, and a connection goes back in one place only. Its pool asks
``select`` whether an idle connection is quiet, which takes descriptors from 1024 on for dead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
from gevent.lock import BoundedSemaphore
from geventhttpclient.response import HTTPParseError, HTTPProtocolViolationError, HTTPResponse

from rinha.processors.connection import Connection
from rinha.processors.errors import AnswerLost, NotSent
from rinha.processors.wire import Answer

if TYPE_CHECKING:
    from rinha.net.http_url import HttpUrl

ANSWER_BYTES_MAX = 64 * 1024
"""Limit of a whole answer, head included. The longest proper one, a 422 with the database's error, has a few KiB."""


class Connections:
    """Up to ``size`` connections to one processor, opened when needed and kept alive.

    Calls block the calling greenlet alone; any number may call at a time, those beyond ``size`` wait.

    Args:
        url: where to connect.
        size: how many connections.
        deadline_s: time for a whole exchange.
    """

    def __init__(self, url: HttpUrl, size: int, deadline_s: float) -> None:
        self._url = url
        self._deadline_s = deadline_s
        self._places = BoundedSemaphore(size)
        self._idle: list[Connection] = []
        self._closed = False

    def exchange(self, request: bytes, deadline_s: float | None = None) -> Answer:
        """Send one request, once, and read its answer.

        A connection that didn't end with a complete answer is closed, however that came about.

        Args:
            request: head and body.
            deadline_s: seconds for the whole of it, if not the usual.

        Raises:
            NotSent: no connection, within the deadline.
            AnswerLost: no complete, proper answer within the deadline.
        """
        limit_s = self._deadline_s if deadline_s is None else deadline_s
        connection: Connection | None = None
        timer = gevent.Timeout.start_new(limit_s)
        try:
            with self._places:
                connection = self._connect()
                return self._talk(connection, request)
        except gevent.Timeout as expired:
            if expired is not timer:
                raise
            if connection is None:
                raise NotSent(f"no connection within {limit_s:g} s") from None
            raise AnswerLost(f"no answer within {limit_s:g} s") from None
        finally:
            timer.close()

    def close(self) -> None:
        """Close the idle connections; those in use close when their exchange ends, and later ones raise ``NotSent``."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _connect(self) -> Connection:
        if self._closed:
            raise NotSent("no connection: the client is closed")
        # The one that was used last: what else is idle may be closed by the other side in peace.
        while self._idle:
            connection = self._idle.pop()
            if connection.is_quiet:
                return connection
            connection.close()
        try:
            return Connection(self._url)
        except OSError as error:
            raise NotSent(f"no connection: {error}") from None

    def _talk(self, connection: Connection, request: bytes) -> Answer:
        is_reusable = False
        try:
            connection.send(request)
            response = _Response()
            ended_by_close = _read(connection, response)
            is_reusable = not response.should_close()
            return Answer(response.status_code, response.body, ended_by_close)
        except (OSError, HTTPParseError) as error:
            raise AnswerLost(f"broken answer: {error}") from None
        finally:
            if is_reusable and not self._closed:
                self._idle.append(connection)
            else:
                connection.close()


def _read(connection: Connection, response: _Response) -> bool:
    """Read one answer; return whether it ended with the connection."""
    received = 0
    while True:
        data = connection.receive()
        received += len(data)
        if received > ANSWER_BYTES_MAX:
            raise AnswerLost(f"answer over {ANSWER_BYTES_MAX} bytes")
        response.feed(data)
        if response.is_final:
            return not data
        if not data:
            raise AnswerLost("broken answer: connection closed before its end")


class _Response(HTTPResponse):
    """The parser, which passes over interim (1xx) answers and allows one final answer."""

    is_final = False

    @property
    def body(self) -> bytes:
        return bytes(self._body_buffer)

    def _on_header_field(self, string: str) -> None:
        """Nobody reads headers but the parser itself."""

    def _on_header_value(self, string: str) -> None:
        """Nor their values."""

    def _on_message_begin(self) -> None:
        if self.is_final:
            raise HTTPProtocolViolationError("more than one answer to one request")
        super()._on_message_begin()

    def _on_message_complete(self) -> None:
        super()._on_message_complete()
        self.is_final = self.get_code() >= 200
