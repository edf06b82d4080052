"""One TCP connection to a processor, with as few system calls for an exchange as it takes. Runs on gevent."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

import gevent
from gevent import socket

from rinha.processors.errors import AnswerLost
from rinha.processors.http1 import AnswerReader

if TYPE_CHECKING:
    from rinha.processors.addresses import Place
    from rinha.processors.wire import Answer

_RECEIVE_BYTES = 4096


class Connection:
    """An open connection. Its calls block the calling greenlet alone, without limits of time.

    Args:
        place: where to connect.

    Raises:
        OSError: there is nobody.
    """

    def __init__(self, place: Place) -> None:
        family, address = place
        self._sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._sock.connect(address)
        except BaseException:  # a deadline, too
            self._sock.close()
            raise
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = self._sock.fileno()
        self._readable = gevent.get_hub().loop.io(number, 1)
        self._poll = select.poll()
        self._poll.register(number, select.POLLIN)
        self._reader = AnswerReader()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is there to be read: else it is closed, or holds what nobody asked for."""
        return not self._poll.poll(0)

    @property
    def is_reusable(self) -> bool:
        """Whether the last exchange ended with a complete answer that lets the connection go on."""
        return self._reader.keeps_alive

    def exchange(self, request: bytes) -> Answer:
        """Send a request, once, and read its answer.

        Raises:
            AnswerLost: no complete, proper answer came.
        """
        reader = self._reader
        reader.begin()
        try:
            self._send(request)
            while data := self._receive():
                answer = reader.feed(data)
                if answer is not None:
                    return answer
        except OSError as error:
            raise AnswerLost(f"broken answer: {error}") from None
        raise AnswerLost("broken answer: connection closed before its end")

    def close(self) -> None:
        """Close it."""
        self._readable.close()
        self._sock.close()

    def _send(self, data: bytes) -> None:
        # gevent's sendall asks for the size of the buffer first; a request fits it at once.
        sent = self._sock.send(data)
        if sent < len(data):
            self._sock.sendall(data[sent:])

    def _receive(self) -> bytes:
        # gevent's recv tries first and waits then; an answer is never there yet.
        socket.wait(self._readable)
        data: bytes = self._sock.recv(_RECEIVE_BYTES)
        return data
