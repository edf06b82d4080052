"""Requests that one end of the bridge has sent, and the replies to them. Both ends ask, so both use this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.events import ReplyReceived
from rinha.bridge.protocol.wire.codec import encode
from rinha.bridge.protocol.wire.frames import MAX_PIECE_BYTES, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


MAX_QUEUED_BYTES = 4 * 2**20
"""Of an API's replies to a worker that doesn't read: four of the longest."""


class Asking:
    """Requests by their ids, and the pieces of their replies that have come.

    Args:
        max_reply_bytes: of a whole reply; a longer one breaks the protocol.
        send: takes the requests, to be sent.
    """

    def __init__(self, max_reply_bytes: int, send: Callable[[Request], None]) -> None:
        self._send = send
        self._max_reply_bytes = max_reply_bytes
        self._last_id = 0
        self._pieces: dict[int, bytearray] = {}

    def __len__(self) -> int:
        return len(self._pieces)

    def ask(self, kind: int, payload: bytes) -> int:
        """Send a request.

        Returns:
            Its id, which is that of the reply, too.
        """
        self._last_id = self._last_id % (2**32 - 1) + 1
        self._pieces[self._last_id] = bytearray()
        self._send(Request(self._last_id, kind, payload))
        return self._last_id

    def forget(self, request_id: int) -> None:
        """Nobody waits for that reply any more; what comes of it is dropped. Twice is fine."""
        self._pieces.pop(request_id, None)

    def forget_all(self) -> None:
        """The connection is gone, and with it every reply."""
        self._pieces.clear()

    def take(self, reply: Reply) -> ReplyReceived | None:
        """Take a reply or a piece of one.

        Returns:
            The whole reply, once it is there; None before, and if nobody waits for it: it came late, or twice.

        Raises:
            ProtocolError: it is too long.
        """
        pieces = self._pieces.get(reply.request_id)
        if pieces is None:
            return None
        pieces += reply.payload
        if len(pieces) > self._max_reply_bytes:
            raise ProtocolError(f"a reply of more than {self._max_reply_bytes} bytes")
        if reply.more:
            return None
        del self._pieces[reply.request_id]
        return ReplyReceived(reply.request_id, reply.status, bytes(pieces))


class Answering:
    """Replies of an end that has little else to send, and sends what it has in one write.

    Args:
        out: takes frames as bytes.
    """

    def __init__(self, out: list[bytes]) -> None:
        self._out = out
        self._queued_bytes = 0

    def reply(self, request_id: int, status: int, payload: bytes) -> None:
        """Put a reply among what is to be sent.

        Raises:
            ProtocolError: the peer asks and asks, and reads nothing.
        """
        pieces = [encode(each) for each in in_pieces(request_id, status, payload)]
        self._queued_bytes += sum(map(len, pieces))
        if self._queued_bytes > MAX_QUEUED_BYTES:
            raise ProtocolError("the peer doesn't read its replies")
        self._out += pieces

    def written(self) -> None:
        """All is sent, or the connection is gone."""
        self._queued_bytes = 0


def in_pieces(request_id: int, status: int, payload: bytes) -> Iterator[Reply]:
    """A reply, in as many frames as it takes."""
    for start in range(0, len(payload) or 1, MAX_PIECE_BYTES):
        end = start + MAX_PIECE_BYTES
        yield Reply(request_id, status, end < len(payload), payload[start:end])
