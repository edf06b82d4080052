"""One TCP connection to a processor, with as few system calls for an exchange as it takes. Runs on gevent."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

import gevent
from gevent import socket

if TYPE_CHECKING:
    from rinha.net.http_url import HttpUrl

_RECEIVE_BYTES = 4096


class Connection:
    """An open connection. Its calls block the calling greenlet alone, without limits of time.

    Args:
        url: where to connect.

    Raises:
        OSError: there is nobody, or the name has no address.
    """

    def __init__(self, url: HttpUrl) -> None:
        self._sock = socket.create_connection((url.host, url.port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = self._sock.fileno()
        self._readable = gevent.get_hub().loop.io(number, 1)
        self._poll = select.poll()
        self._poll.register(number, select.POLLIN)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is there to be read: else it is closed, or holds what nobody asked for."""
        return not self._poll.poll(0)

    def send(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            OSError: the connection is broken.
        """
        # gevent's sendall asks for the size of the buffer first; a request fits it at once.
        sent = self._sock.send(data)
        if sent < len(data):
            self._sock.sendall(data[sent:])

    def receive(self) -> bytes:
        """Wait for bytes and read them; none means that the peer has closed.

        Raises:
            OSError: the connection is broken.
        """
        # gevent's recv tries first and waits then; an answer is never there yet.
        socket.wait(self._readable)
        data: bytes = self._sock.recv(_RECEIVE_BYTES)
        return data

    def close(self) -> None:
        """Close it."""
        self._readable.close()
        self._sock.close()
