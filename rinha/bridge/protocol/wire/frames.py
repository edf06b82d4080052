"""The frames of an open session, but for payments. ``docs/bridge.md`` shows them byte by byte."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from actors.values import Verdict
from rinha.bridge.protocol.wire.bodies import Body, fixed

MAX_EXCEPTIONS = 4096
"""Of one ACK: 36 KiB. More ride in a further ACK."""
MAX_PIECE_BYTES = 32_768
"""Of a reply: small enough for an acknowledgement to slip in between two pieces of a long one."""
MAX_REQUEST_BYTES = 4096
"""Requests are a few numbers and names; a hundred ids fit, too."""
ID_BYTES = 16
MAX_SENT_IDS_PER_FRAME = 2048
"""32 KiB, and 4 ms of the worker's time."""
MAX_SENT_IDS = 60 * MAX_SENT_IDS_PER_FRAME
"""Of one API, 122,880: 1.97 MB, which lasts for 300 s at 400 payments/s."""

_ACK = Struct(">QH")
_EXCEPTION = Struct(">QB")
_CREDIT = Struct(">QB")
_REQUEST = Struct(">IB")
_REPLY = Struct(">IBB")


class ReplyStatus(IntEnum):
    """How a request went."""

    OK = 0
    FAILED = 1
    """The payload is the reason, UTF-8."""
    SILENT = 2
    """The peer answers no questions at all: it is a command, not an API."""
    UNREADABLE = 3
    """Only the journal knows, and it can't be read. The payload is the reason, UTF-8."""


class Withdrawal(IntEnum):
    """Why an API may send nothing for now, whatever credit it had."""

    NONE = 0
    """It may."""
    STORE_AWAY = 1
    """What must be put on record can't be."""
    PROMISE_LOST = 2
    """The worker has lost something that it promised, which is a bug: it promises nothing more."""
    MEMORY_FULL = 3
    """The worker has nearly used up its memory."""


class Ack(NamedTuple):
    """Worker -> API: all up to ``through`` are taken, but for the exceptions, which are in ascending order."""

    through: int
    exceptions: tuple[tuple[int, Verdict], ...] = ()


class Credit(NamedTuple):
    """Worker -> API: payments with sequences below ``limit`` may be sent. A lower limit than before changes nothing.

    While it is withdrawn, for which there is a reason, the limit is 0.
    """

    limit: int
    withdrawn: Withdrawal = Withdrawal.NONE


class Epoch(NamedTuple):
    """Worker -> API: there was a purge, adopt this epoch."""

    epoch: int


class EpochAdopted(NamedTuple):
    """API -> worker: payments after this frame belong to this epoch."""

    epoch: int


class Request(NamedTuple):
    """Either way: a question; kinds and payloads are in ``questions.py`` and ``own_questions.py``."""

    request_id: int
    kind: int
    payload: bytes


class Reply(NamedTuple):
    """Either way: the reply or, while ``more`` is set, a piece of it. The status is a ``ReplyStatus``."""

    request_id: int
    status: int
    more: bool
    payload: bytes


class SentBefore(NamedTuple):
    """API -> worker: packed ids that it sent to workers before this one. None at all: there were others, no more."""

    payment_ids: bytes


class Tally(NamedTuple):
    """Worker -> API: what it has in its books and holds in the present epoch, and how much it may hold."""

    settled: int = 0
    held: int = 0
    backlog_max: int = 0


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


def _load_credit(body: bytes) -> Credit:
    limit, reason = _CREDIT.unpack(body)
    credit = Credit(limit, Withdrawal(reason))
    if credit.withdrawn and limit:
        raise ValueError(f"credit up to {limit} that is withdrawn")
    return credit


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
    7: Body(Credit, lambda credit: _CREDIT.pack(*credit), _load_credit),
    8: fixed(Epoch, ">I"),
    9: fixed(EpochAdopted, ">I"),
    10: Body(Request, _dump_request, _load_request),
    11: Body(Reply, _dump_reply, _load_reply),
    12: fixed(Ping, ">"),
    13: fixed(Pong, ">"),
    14: Body(SentBefore, lambda sent: sent.payment_ids, _load_sent_before),
    15: fixed(Tally, ">QII"),
}
"""By the type's number; 1 to 4 are the handshake's, 5 is PAYMENT."""
