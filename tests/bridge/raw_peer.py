"""An API that the test plays by hand over a raw socket."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

from actors.values import Payment
from rinha.bridge.protocol.wire.codec import FrameDecoder, encode, encode_payment
from rinha.bridge.protocol.wire.handshake import PROTOCOL_VERSION, Challenge, Hello, Welcome, prove
from rinha.net.address import TcpAddress, UnixAddress

if TYPE_CHECKING:
    from collections.abc import Callable

    from rinha.net.address import Address

SECRET = b"secret"


def payment(number: int, traced_at_us: int = 0) -> Payment:
    return Payment(number.to_bytes(16), number, traced_at_us)


def submitted(*numbers: int) -> bytes:
    return b"".join(encode_payment(n, payment(n)) for n in numbers)


def eventually(condition: Callable[[], Any], what: str, timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.002)


class Peer:
    """A raw connection that reads frames."""

    def __init__(self, address: Address) -> None:
        if isinstance(address, UnixAddress):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(address.path)
        else:
            assert isinstance(address, TcpAddress)
            self.sock = socket.create_connection((address.host, address.port))
        self.sock.settimeout(5.0)
        self._decoder = FrameDecoder()
        self._frames: list[Any] = []

    def close(self) -> None:
        self.sock.close()

    def send(self, *frames: Any) -> None:
        self.sock.sendall(b"".join(each if isinstance(each, bytes) else encode(each) for each in frames))

    def read(self) -> Any:
        """The next frame, or None when the worker has closed."""
        while not self._frames:
            try:
                data = self.sock.recv(65_536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self._frames += self._decoder.feed(data)
        return self._frames.pop(0)

    def expect(self, kind: type) -> Any:
        """The next frame of this kind; others are skipped."""
        while not isinstance(frame := self.read(), kind):
            assert frame is not None, f"closed before {kind.__name__}"
        return frame

    def greet(
        self, *, secret: bytes = SECRET, api_id: bytes = bytes(16), first: int = 1, following: int = 1
    ) -> Welcome:
        challenge = self.expect(Challenge)
        hello = Hello(PROTOCOL_VERSION, api_id, "raw", 0, 0, first, following)
        self.send(hello._replace(proof=prove(secret, challenge.nonce, hello)))
        welcome: Welcome = self.expect(Welcome)
        return welcome


def can_connect(address: Address) -> bool:
    try:
        Peer(address).close()
    except OSError:
        return False
    return True
