from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

import gevent
import pytest
from gevent.pool import Pool
from gevent.server import StreamServer

from rinha.net.http_url import HttpUrl
from rinha.processors.open import open_client
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gevent.socket import socket as Socket

    from rinha.processors.client import HttpProcessorClient


class Peer:
    """A scripted processor: keeps connections alive and plays ``script`` for each request."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.script: Callable[[Peer, Socket], None] = lambda peer, connection: None
        self._server = StreamServer(("127.0.0.1", 0), self._serve, spawn=Pool())
        self._server.start()
        self.port = int(self._server.server_port or 0)

    def close(self) -> None:
        self._server.stop(timeout=0)

    def until_asked(self, times: int = 1) -> None:
        """Wait until so many requests have arrived."""
        while len(self.requests) < times:
            gevent.sleep(0.001)

    @staticmethod
    def answer(status: int, body: bytes = b"", *fields: str) -> bytes:
        """Build a well-formed answer."""
        head = "\r\n".join((f"HTTP/1.1 {status} Reason", f"Content-Length: {len(body)}", *fields))
        return head.encode() + b"\r\n\r\n" + body

    AT_MS = 1_752_582_896_007

    def play(self, *parts: bytes | float) -> None:
        """Script: for each request send these bytes, sleep these seconds, and go on to the next request."""

        def script(peer: Peer, connection: Socket) -> None:
            for part in parts:
                if isinstance(part, bytes):
                    connection.sendall(part)
                else:
                    gevent.sleep(part)

        self.script = script

    def play_and_close(self, *parts: bytes | float) -> None:
        """As ``play``, and then close the connection."""
        self.play(*parts)
        script = self.script

        def script_and_close(peer: Peer, connection: Socket) -> None:
            script(peer, connection)
            connection.close()

        self.script = script_and_close

    def play_and_reset(self, *parts: bytes | float) -> None:
        """As ``play``, and then reset the connection."""
        self.play(*parts)
        script = self.script

        def script_and_reset(peer: Peer, connection: Socket) -> None:
            script(peer, connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        self.script = script_and_reset

    def play_in_turn(self, *answers: bytes) -> None:
        """Script: answer the requests with these, one after the other."""
        left = list(answers)
        self.script = lambda peer, connection: connection.sendall(left.pop(0))

    def _serve(self, connection: Socket, address: object) -> None:
        self.connections += 1
        try:
            while request := self._read_request(connection):
                self.requests.append(request)
                self.script(self, connection)
        except OSError:
            pass  # The client hung up, or the script did.

    def _read_request(self, connection: Socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            chunk: bytes = connection.recv(4096)
            if not chunk:
                return b""
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        while len(body) < length:
            body += connection.recv(4096)
        return head + b"\r\n\r\n" + body


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.close()


class Connect:
    """Makes clients of the peer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.clients: list[HttpProcessorClient] = []

    def __call__(self, *, connections: int = 2, deadline_s: float = PATIENCE_S) -> HttpProcessorClient:
        client = open_client(HttpUrl("127.0.0.1", self._port), deadline_s=deadline_s, connections=connections)
        self.clients.append(client)
        return client


@pytest.fixture
def connect(peer: Peer) -> Iterator[Connect]:
    connect = Connect(peer.port)
    yield connect
    for client in connect.clients:
        client.close()


@pytest.fixture(autouse=True)
def no_test_hangs() -> Iterator[None]:
    """End a test whose greenlet would wait for ever."""
    with gevent.Timeout(PATIENCE_S):
        yield
