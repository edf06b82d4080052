"""What the worker has to send over one connection, put into few frames and in an order that suits."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rinha.bridge.protocol.asking import in_pieces
from rinha.bridge.protocol.wire.codec import encode
from rinha.bridge.protocol.wire.frames import MAX_EXCEPTIONS, Ack, Credit, Pong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.values import Verdict


class Outgoing:
    """Frames that wait. Acknowledgements, credit and pongs are merged, so that they take no room while they wait."""

    def __init__(self) -> None:
        self.queued_bytes = 0
        """Of replies; all else is small."""
        self._frames: list[bytes] = []
        self._through: int | None = None
        self._exceptions: list[tuple[int, Verdict]] = []
        self._credit: Credit | None = None
        self._pong = False
        self._pieces: deque[bytes] = deque()

    def send(self, frame: object) -> None:
        """Send a frame before anything else that waits."""
        self._frames.append(encode(frame))

    def send_last(self, frame: object) -> None:
        """Send a frame and nothing of what waits, as the session is over."""
        self._frames = [encode(frame)]
        self._through = self._credit = None
        self._pong = False
        self._pieces.clear()
        self.queued_bytes = 0

    def acknowledge(self, through: int, exceptions: tuple[tuple[int, Verdict], ...]) -> None:
        """Send an acknowledgement, together with those that wait."""
        self._through = through
        self._exceptions += exceptions

    def credit(self, credit: Credit) -> None:
        """Send the limit of credit; the last one counts."""
        self._credit = credit

    def pong(self) -> None:
        """Send a pong, if none waits."""
        self._pong = True

    def reply(self, request_id: int, status: int, payload: bytes) -> None:
        """Send a reply in as many frames as it takes."""
        for each in in_pieces(request_id, status, payload):
            piece = encode(each)
            self._pieces.append(piece)
            self.queued_bytes += len(piece)

    def take(self) -> bytes:
        """The bytes to send next, at most one piece of a reply at their end; none if nothing waits."""
        parts, self._frames = self._frames, []
        parts += self._acks()
        if self._credit is not None:
            parts.append(encode(self._credit))
            self._credit = None
        if self._pong:
            parts.append(encode(Pong()))
            self._pong = False
        if self._pieces:
            parts.append(self._pieces.popleft())
            self.queued_bytes -= len(parts[-1])
        return b"".join(parts)

    def _acks(self) -> Iterator[bytes]:
        if self._through is None:
            return
        exceptions, self._exceptions = self._exceptions, []
        while len(exceptions) > MAX_EXCEPTIONS:
            some, exceptions = exceptions[:MAX_EXCEPTIONS], exceptions[MAX_EXCEPTIONS:]
            yield encode(Ack(some[-1][0], tuple(some)))
        yield encode(Ack(self._through, tuple(exceptions)))
        self._through = None
