"""The frames of an open session, but for payments: what each holds, and its body in bytes.

``docs/bridge.md`` shows them byte by byte. ``from_body`` raises ``ValueError`` or ``struct.error`` for a body that is
none; ``codec.FrameDecoder`` turns that into a ``ProtocolError``.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from actors.messages import Verdict

MAX_EXCEPTIONS = 4096
"""Of one ACK: 36 KiB. More ride in a further ACK."""
MAX_PIECE_BYTES = 32_768
"""Of a reply: small enough for an acknowledgement to slip in between two pieces of a long one."""
MAX_REQUEST_BYTES = 4096
"""Requests are a few numbers."""

_ACK = Struct(">QH")
_EXCEPTION = Struct(">QB")
_U64 = Struct(">Q")
_U32 = Struct(">I")
_REQUEST = Struct(">IB")
_REPLY = Struct(">IBB")


class ReplyStatus(IntEnum):
    """How a request went."""

    OK = 0
    FAILED = 1
    """The payload is the reason, UTF-8."""


class Ack(NamedTuple):
    """Worker -> API: all up to ``through`` are taken, but for the exceptions, which are in ascending order."""

    through: int
    exceptions: tuple[tuple[int, Verdict], ...] = ()

    def to_body(self) -> bytes:
        return _ACK.pack(self.through, len(self.exceptions)) + b"".join(_EXCEPTION.pack(*e) for e in self.exceptions)

    @classmethod
    def from_body(cls, body: bytes) -> Ack:
        through, count = _ACK.unpack_from(body)
        if len(body) != _ACK.size + count * _EXCEPTION.size or count > MAX_EXCEPTIONS:
            raise ValueError("wrong length")
        pairs = _EXCEPTION.iter_unpack(memoryview(body)[_ACK.size :])
        return cls(through, tuple((sequence, Verdict(verdict)) for sequence, verdict in pairs))


class Credit(NamedTuple):
    """Worker -> API: payments with sequences below ``limit`` may be sent. A lower limit than before changes nothing."""

    limit: int

    def to_body(self) -> bytes:
        return _U64.pack(self.limit)

    @classmethod
    def from_body(cls, body: bytes) -> Credit:
        return cls(*_U64.unpack(body))


class Epoch(NamedTuple):
    """Worker -> API: there was a purge, adopt this epoch."""

    epoch: int

    def to_body(self) -> bytes:
        return _U32.pack(self.epoch)

    @classmethod
    def from_body(cls, body: bytes) -> Epoch:
        return cls(*_U32.unpack(body))


class EpochAdopted(NamedTuple):
    """API -> worker: payments after this frame belong to this epoch."""

    epoch: int

    def to_body(self) -> bytes:
        return _U32.pack(self.epoch)

    @classmethod
    def from_body(cls, body: bytes) -> EpochAdopted:
        return cls(*_U32.unpack(body))


class Request(NamedTuple):
    """API -> worker: a question; kinds and payloads are in ``requests.py``."""

    request_id: int
    kind: int
    payload: bytes

    def to_body(self) -> bytes:
        return _REQUEST.pack(self.request_id, self.kind) + self.payload

    @classmethod
    def from_body(cls, body: bytes) -> Request:
        if len(body) > _REQUEST.size + MAX_REQUEST_BYTES:
            raise ValueError("too long")
        request_id, kind = _REQUEST.unpack_from(body)
        return cls(request_id, kind, body[_REQUEST.size :])


class Reply(NamedTuple):
    """Worker -> API: the reply or, while ``more`` is set, a piece of it. The status is a ``ReplyStatus``."""

    request_id: int
    status: int
    more: bool
    payload: bytes

    def to_body(self) -> bytes:
        return _REPLY.pack(self.request_id, self.status, self.more) + self.payload

    @classmethod
    def from_body(cls, body: bytes) -> Reply:
        request_id, status, flags = _REPLY.unpack_from(body)
        if flags > 1:
            raise ValueError(f"flags {flags}")
        return cls(request_id, ReplyStatus(status), bool(flags), body[_REPLY.size :])


class Ping(NamedTuple):
    """Either way: are you there? Answered with PONG; several pings may be answered by one."""

    def to_body(self) -> bytes:
        return b""

    @classmethod
    def from_body(cls, body: bytes) -> Ping:
        if body:
            raise ValueError("a body")
        return cls()


class Pong(NamedTuple):
    """Either way: I am here."""

    def to_body(self) -> bytes:
        return b""

    @classmethod
    def from_body(cls, body: bytes) -> Pong:
        if body:
            raise ValueError("a body")
        return cls()
