"""What the worker asks an API about itself, and what an API asks the worker about all processes; as payloads, too.

The former are ``GetOwn…``: each process answers for itself alone.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.wire.frames import MAX_REQUEST_BYTES, ReplyStatus
from rinha.bridge.protocol.wire.handshake import MAX_TEXT_BYTES
from rinha.bridge.protocol.wire.overview import ApiPulse
from rinha.bridge.protocol.wire.processes import ApiReport, ProcessEvents, ProcessHops

if TYPE_CHECKING:
    from collections.abc import Callable

IDS_MAX = 100
"""Of one question: they fit a request."""
MAX_ANSWER_BYTES = 2**20
"""Of an API's whole reply: 200 events with their tracebacks, or the hops of a hundred payments."""


class OwnKind(IntEnum):
    """The number of a question to an API on the wire."""

    HOPS = 1
    FIGURES = 2
    EVENTS = 3
    RANKED = 4
    PULSE = 5


class GetOwnHops(NamedTuple):
    """Ask a process for what it remembers of these payments: ``ProcessHops``. They are ``IDS_MAX`` at most."""

    ids: tuple[bytes, ...]


class GetOwnFigures(NamedTuple):
    """Ask an API for its ``ApiReport``."""


class GetOwnEvents(NamedTuple):
    """Ask a process for its events: ``ProcessEvents``.

    Args:
        after: those with a higher number.
    """

    after: int = 0


class GetOwnRanked(NamedTuple):
    """Ask a process for payments worth a look: tuples of a figure in ns and the id, as ``Traces`` says.

    Args:
        by: ``slowest`` or ``failed``.
        number: so many at most.
    """

    by: str
    number: int


class GetOwnPulse(NamedTuple):
    """Ask an API for its ``ApiPulse``, with its events after a number."""

    after: int = 0


OwnQuestion = GetOwnHops | GetOwnFigures | GetOwnEvents | GetOwnRanked | GetOwnPulse


class GetHops(NamedTuple):
    """Ask the worker for the hops of payments at all processes: ``AllHops``.

    Args:
        ids: of which; ``IDS_MAX`` at most.
        by: ``slowest`` or ``failed``, for those without ids; else empty.
        number: how many of those.
    """

    ids: tuple[bytes, ...] = ()
    by: str = ""
    number: int = 0


class GetFigures(NamedTuple):
    """Ask the worker for ``AllReports``."""


class GetEvents(NamedTuple):
    """Ask the worker for ``AllEvents``; as ``GetOwnEvents``."""

    after: int = 0


class GetFeed(NamedTuple):
    """Ask the worker for its ``Feed``."""


class GetOverview(NamedTuple):
    """Ask the worker for an ``Overview``. It is refused where there is none: ``RINHA_DASHBOARD=off``.

    Args:
        after: with the seconds of a higher number.
    """

    after: int = 0


class GetMetrics(NamedTuple):
    """Ask the worker for its ``Metrics``. It is refused where there are none: ``RINHA_DASHBOARD=off``."""


class _Form(NamedTuple):
    question: type
    answer: Any


_FORMS = {
    OwnKind.HOPS: _Form(GetOwnHops, ProcessHops),
    OwnKind.FIGURES: _Form(GetOwnFigures, ApiReport),
    OwnKind.EVENTS: _Form(GetOwnEvents, ProcessEvents),
    OwnKind.RANKED: _Form(GetOwnRanked, list[tuple[int, bytes]]),
    OwnKind.PULSE: _Form(GetOwnPulse, ApiPulse),
}
_KINDS = {form.question: kind for kind, form in _FORMS.items()}


def encode_own_request(question: OwnQuestion) -> tuple[OwnKind, bytes]:
    """The kind and the payload of a question to an API.

    Raises:
        ValueError: it doesn't fit a request.
    """
    payload = msgspec.json.encode(question)
    if len(payload) > MAX_REQUEST_BYTES:
        raise ValueError(f"a question of {len(payload)} bytes, of at most {MAX_REQUEST_BYTES}")
    return _KINDS[type(question)], payload


def decode_own_reply(kind: OwnKind, payload: bytes) -> Any:
    """The answer in an API's reply.

    Raises:
        ProtocolError: the payload isn't of that kind.
    """
    try:
        return msgspec.json.decode(payload, type=_FORMS[kind].answer)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ProtocolError(f"a malformed {kind.name} reply: {error}") from error


def reply_to(
    kind: int, payload: bytes, answer: Callable[[Any], object] | None, *, max_bytes: int
) -> tuple[ReplyStatus, bytes]:
    """An API's reply to a question of the worker, whatever that is.

    Args:
        kind: the request's.
        payload: the request's.
        answer: answers a question; None for a peer that answers none.
        max_bytes: of the reply.

    Returns:
        The reply's status and payload.
    """
    if answer is None:
        return ReplyStatus.SILENT, b""
    form = _FORMS.get(OwnKind(kind)) if kind in set(OwnKind) else None
    if form is None:
        return ReplyStatus.FAILED, f"a request of the unknown kind {kind}".encode()
    try:
        reply = msgspec.json.encode(answer(msgspec.json.decode(payload, type=form.question)))
    except Exception as error:
        return ReplyStatus.FAILED, f"{type(error).__name__}: {error}".encode()[:MAX_TEXT_BYTES]
    if len(reply) > max_bytes:
        return ReplyStatus.FAILED, f"its answer has more than {max_bytes} bytes".encode()
    return ReplyStatus.OK, reply
