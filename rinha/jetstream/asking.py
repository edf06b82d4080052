"""Questions to a shard's worker and its replies, as messages of core NATS. Sans I/O.

A question is its kind and payload as on the bridge, in one message. A reply comes in pieces, each with two bytes before
it: how it went (``ReplyStatus``), and whether more follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.wire.frames import MAX_PIECE_BYTES, ReplyStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_REPLY_BYTES = 16 * 2**20
_LAST, _MORE = 0, 1


def dump_question(kind: int, payload: bytes) -> bytes:
    """The message of a question."""
    return bytes([kind]) + payload


def load_question(data: bytes) -> tuple[int, bytes]:
    """The kind and the payload of a question.

    Raises:
        ProtocolError: there is nothing.
    """
    if not data:
        raise ProtocolError("an empty question")
    return data[0], data[1:]


def dump_reply(status: ReplyStatus, payload: bytes) -> Iterator[bytes]:
    """The messages of a reply, in order."""
    starts = range(0, max(1, len(payload)), MAX_PIECE_BYTES)
    for start in starts:
        more = _MORE if start + MAX_PIECE_BYTES < len(payload) else _LAST
        yield bytes([status, more]) + payload[start : start + MAX_PIECE_BYTES]


class Reply:
    """A reply whose pieces come one by one.

    Attributes:
        status: how it went; meaningful once it is whole.
    """

    def __init__(self) -> None:
        self.status = ReplyStatus.OK
        self._pieces: list[bytes] = []
        self._bytes = 0

    def add(self, data: bytes) -> bytes | None:
        """Take a piece.

        Returns:
            The whole payload after the last one, else None.

        Raises:
            ProtocolError: it is no piece of a reply, or they are too many.
        """
        if len(data) < 2 or data[0] not in set(ReplyStatus) or data[1] not in {_LAST, _MORE}:
            raise ProtocolError("what came is no piece of a reply")
        self.status = ReplyStatus(data[0])
        self._pieces.append(data[2:])
        self._bytes += len(data)
        if self._bytes > MAX_REPLY_BYTES:
            raise ProtocolError(f"a reply of more than {MAX_REPLY_BYTES} bytes")
        return b"".join(self._pieces) if data[1] == _LAST else None
