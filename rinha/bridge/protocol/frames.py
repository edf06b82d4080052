"""The frames of an open session, but for payments. ``docs/bridge.md`` shows them byte by byte."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from actors.values import Verdict
from rinha.bridge.protocol.bodies import Body, fixed

MAX_EXCEPTIONS = 4096
"""Of one ACK: 36 KiB. More ride in a further ACK."""
MAX_PIECE_BYTES = 32_768
"""Of a reply: small enough for an acknowledgement to slip in between two pieces of a long one."""
MAX_REQUEST_BYTES = 4096
"""Requests are a few numbers."""
ID_BYTES = 16
MAX_SENT_IDS_PER_FRAME = 2048
"""32 KiB, and 4 ms of the worker's time."""
MAX_SENT_IDS = 60 * MAX_SENT_IDS_PER_FRAME
"""Of one API, 122,880: 1.97 MB, which lasts for 300 s at 400 payments/s."""

_ACK = Struct(">QH")
_EXCEPTION = Struct(">QB")
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


class Credit(NamedTuple):
    """Worker -> API: payments with sequences below ``limit`` may be sent. A lower limit than before changes nothing."""

    limit: int


class Epoch(NamedTuple):
    """Worker -> API: there was a purge, adopt this epoch."""

    epoch: int


class EpochAdopted(NamedTuple):
    """API -> worker: payments after this frame belong to this epoch."""

    epoch: int


class Request(NamedTuple):
    """API -> worker: a question; kinds and payloads are in ``requests.py``."""

    request_id: int
    kind: int
    payload: bytes


class Reply(NamedTuple):
    """Worker -> API: the reply or, while ``more`` is set, a piece of it. The status is a ``ReplyStatus``."""

    request_id: int
    status: int
    more: bool
    payload: bytes


class SentBefore(NamedTuple):
    """API -> worker: packed ids that it sent to workers before this one. None at all: there were others, no more."""

    payment_ids: bytes


class Ping(NamedTuple):
    """Either way: are you there? Answered with PONG; one PONG may answer several."""


class Pong(NamedTuple):
    """Either way: I am here."""


def _dump_ack(ack: Ack) -> bytes:
    return _ACK.pack(ack.through, len(ack.exceptions)) + b"".join(_EXCEPTION.pack(*each) for each in ack.exceptions)


def _load_ack(body: bytes) -> Ack:
    through, count = _ACK.unpack_from(body)
    if len(body) != _ACK.size + count * _EXCEPTION.size or count > MAX_EXCEPTIONS:
        raise ValueError("wrong length")
    pairs = _EXCEPTION.iter_unpack(memoryview(body)[_ACK.size :])
    return Ack(through, tuple((sequence, Verdict(verdict)) for sequence, verdict in pairs))


def _dump_request(request: Request) -> bytes:
    return _REQUEST.pack(request.request_id, request.kind) + request.payload


def _load_request(body: bytes) -> Request:
    if len(body) > _REQUEST.size + MAX_REQUEST_BYTES:
        raise ValueError("too long")
    request_id, kind = _REQUEST.unpack_from(body)
    return Request(request_id, kind, body[_REQUEST.size :])


def _dump_reply(reply: Reply) -> bytes:
    return _REPLY.pack(reply.request_id, reply.status, reply.more) + reply.payload


def _load_reply(body: bytes) -> Reply:
    request_id, status, flags = _REPLY.unpack_from(body)
    if flags > 1:
        raise ValueError(f"flags {flags}")
    return Reply(request_id, ReplyStatus(status), bool(flags), body[_REPLY.size :])


def _load_sent_before(body: bytes) -> SentBefore:
    if len(body) % ID_BYTES or len(body) > MAX_SENT_IDS_PER_FRAME * ID_BYTES:
        raise ValueError("wrong length")
    return SentBefore(body)


BODIES: dict[int, Body] = {
    6: Body(Ack, _dump_ack, _load_ack),
    7: fixed(Credit, ">Q"),
    8: fixed(Epoch, ">I"),
    9: fixed(EpochAdopted, ">I"),
    10: Body(Request, _dump_request, _load_request),
    11: Body(Reply, _dump_reply, _load_reply),
    12: fixed(Ping, ">"),
    13: fixed(Pong, ">"),
    14: Body(SentBefore, lambda sent: sent.payment_ids, _load_sent_before),
}
"""By the type's number; 1 to 4 are the handshake's, 5 is PAYMENT."""
