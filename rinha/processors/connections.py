"""Keep-alive connections to one processor, and one request and answer over one of them.

Of geventhttpclient only the pool and the parser are used. What its upper layers do, checked with scripted peers on
2.6.1: ``HTTPClient.request`` sends a GET or PUT (in this version no POST) up to the pool's size + 1 times more when the
server closes the connection, and builds and validates its headers on every call. ``HTTPSocketPoolResponse`` gives the
connection back to the pool as soon as *any* message is complete: after an interim 100 another request could take it and
read our answer. And where two answers arrive in one segment, it reports the status of the second, both bodies as one,
and keeps the connection. So the reading is done here, and a connection goes back in one place only.

The pool checks an idle connection before it hands it out (readable means closed or dirty) with ``select``: it takes
descriptors from 1024 on for dead and then opens a new connection for each request.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import gevent
from geventhttpclient.connectionpool import ConnectionPool
from geventhttpclient.response import HTTPParseError, HTTPProtocolViolationError, HTTPResponse

from rinha.processors.errors import AnswerLost, NotSent
from rinha.processors.wire import Answer

if TYPE_CHECKING:
    from gevent.socket import socket as Socket

    from rinha.processors.wire import Address

ANSWER_BYTES_MAX = 64 * 1024
"""Limit of a whole answer, head included. The longest proper one, a 422 with the database's error, has a few KiB."""

_RECEIVE_BYTES = 4096


class Connections:
    """Up to ``size`` connections to one processor, opened when needed and kept alive.

    Calls block the calling greenlet alone; any number may call at a time, those beyond ``size`` wait.

    Args:
        address: where to connect.
        size: how many connections.
        deadline_s: time for a whole exchange.
    """

    def __init__(self, address: Address, size: int, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        # The pool's own timeouts are per connect, send or receive; the deadline over all of it comes first.
        self._pool = _NoDelayPool(
            address.host,
            address.port,
            address.host,
            address.port,
            size=size,
            connection_timeout=2 * deadline_s,
            network_timeout=2 * deadline_s,
        )

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
        connection: Socket | None = None
        timer = gevent.Timeout.start_new(limit_s)
        try:
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
        self._pool.close()

    def _connect(self) -> Socket:
        try:
            return self._pool.get_socket()
        except (OSError, RuntimeError) as error:  # RuntimeError: the pool is closed, or the name has no address.
            raise NotSent(f"no connection: {error}") from None

    def _talk(self, connection: Socket, request: bytes) -> Answer:
        is_reusable = False
        try:
            connection.sendall(request)
            response = _Response()
            ended_by_close = _read(connection, response)
            is_reusable = not response.should_close()
            return Answer(response.status_code, response.body, ended_by_close)
        except (OSError, HTTPParseError) as error:
            raise AnswerLost(f"broken answer: {error}") from None
        finally:
            if is_reusable:
                self._pool.return_socket(connection)
            else:
                self._pool.release_socket(connection)


def _read(connection: Socket, response: _Response) -> bool:
    """Read one answer; return whether it ended with the connection."""
    received = 0
    while True:
        data: bytes = connection.recv(_RECEIVE_BYTES)
        received += len(data)
        if received > ANSWER_BYTES_MAX:
            raise AnswerLost(f"answer over {ANSWER_BYTES_MAX} bytes")
        response.feed(data)
        if response.is_final:
            return not data
        if not data:
            raise AnswerLost("broken answer: connection closed before its end")


class _NoDelayPool(ConnectionPool):
    def after_connect(self, sock: Socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _Response(HTTPResponse):
    """The parser, which passes over interim (1xx) answers and allows one final answer."""

    is_final = False

    @property
    def body(self) -> bytes:
        return bytes(self._body_buffer)

    def _on_message_begin(self) -> None:
        if self.is_final:
            raise HTTPProtocolViolationError("more than one answer to one request")
        super()._on_message_begin()

    def _on_message_complete(self) -> None:
        super()._on_message_complete()
        self.is_final = self.get_code() >= 200
