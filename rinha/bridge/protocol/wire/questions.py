"""Questions to the worker and its replies, as payloads of REQUEST and REPLY frames.

A question or an answer is its named tuple as a JSON array, as msgspec writes and reads it, ids in base64. A question
without fields has no payload. Only the rows of the books are packed (``rows.py``).
"""

from __future__ import annotations

from enum import IntEnum
from struct import error as StructError
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from actors.messages.people import (
    Close,
    GetHeldReport,
    GetPayment,
    GetPayments,
    GetProcessors,
    GetRows,
    GetStatistics,
    GetSummary,
    Purge,
    RetryParked,
    RetryPayment,
)
from actors.reports import (
    CloseAnswer,
    HeldReport,
    PaymentReport,
    PaymentsPage,
    ProcessorsReport,
    RetryAnswer,
    WorkerStatistics,
)
from actors.values import RowsPage, Summary
from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.wire.frames import ID_BYTES
from rinha.bridge.protocol.wire.metrics import Metrics
from rinha.bridge.protocol.wire.overview import Overview
from rinha.bridge.protocol.wire.own_questions import (
    IDS_MAX,
    GetEvents,
    GetFeed,
    GetFigures,
    GetHops,
    GetMetrics,
    GetOverview,
)
from rinha.bridge.protocol.wire.processes import AllEvents, AllHops, AllReports, Feed
from rinha.bridge.protocol.wire.rows import dump_page, dump_rows_question, load_page, load_rows_question

if TYPE_CHECKING:
    from collections.abc import Callable

Question = (
    GetSummary
    | Purge
    | GetStatistics
    | GetRows
    | RetryParked
    | Close
    | GetPayment
    | GetPayments
    | GetHeldReport
    | RetryPayment
    | GetProcessors
    | GetFigures
    | GetEvents
    | GetHops
    | GetOverview
    | GetMetrics
    | GetFeed
)

PAYMENTS_MAX = 1000
"""Of one page."""
FEWEST_DIGITS, MOST_DIGITS = 6, 2 * ID_BYTES
"""Of how an id begins."""


class Kind(IntEnum):
    """The number of a question on the wire."""

    SUMMARY = 1
    PURGE = 2
    STATISTICS = 3
    ROWS = 4
    RETRY_PARKED = 5
    CLOSE = 6
    PAYMENT = 7
    PAYMENTS = 8
    HELD = 9
    RETRY = 10
    PROCESSORS = 11
    FIGURES = 12
    EVENTS = 13
    HOPS = 14
    OVERVIEW = 15
    METRICS = 16
    FEED = 17


class _Form(NamedTuple):
    """What is asked, and what is answered: its type as msgspec takes it, and as ``isinstance`` does."""

    question: type[Question]
    answer: Any
    shell: type


_FORMS = {
    Kind.SUMMARY: _Form(GetSummary, Summary, dict),
    Kind.PURGE: _Form(Purge, int, int),
    Kind.STATISTICS: _Form(GetStatistics, WorkerStatistics, WorkerStatistics),
    Kind.ROWS: _Form(GetRows, RowsPage, RowsPage),
    Kind.RETRY_PARKED: _Form(RetryParked, int, int),
    Kind.CLOSE: _Form(Close, CloseAnswer, CloseAnswer),
    Kind.PAYMENT: _Form(GetPayment, tuple[PaymentReport, ...], tuple),
    Kind.PAYMENTS: _Form(GetPayments, PaymentsPage, PaymentsPage),
    Kind.HELD: _Form(GetHeldReport, HeldReport, HeldReport),
    Kind.RETRY: _Form(RetryPayment, RetryAnswer, RetryAnswer),
    Kind.PROCESSORS: _Form(GetProcessors, ProcessorsReport, ProcessorsReport),
    Kind.FIGURES: _Form(GetFigures, AllReports, AllReports),
    Kind.EVENTS: _Form(GetEvents, AllEvents, AllEvents),
    Kind.HOPS: _Form(GetHops, AllHops, AllHops),
    Kind.OVERVIEW: _Form(GetOverview, Overview, Overview),
    Kind.METRICS: _Form(GetMetrics, Metrics, Metrics),
    Kind.FEED: _Form(GetFeed, Feed, Feed),
}
_KINDS = {form.question: kind for kind, form in _FORMS.items()}


def encode_request(question: Question) -> tuple[Kind, bytes]:
    """The kind and the payload of a question."""
    if isinstance(question, GetRows):
        return Kind.ROWS, dump_rows_question(question)
    # What says nothing but its kind has no payload.
    return _KINDS[type(question)], b"" if _is_bare(question) else msgspec.json.encode(question)


def decode_request(kind: int, payload: bytes) -> Question:
    """The question of a REQUEST frame.

    Raises:
        ProtocolError: an unknown kind, or a payload that isn't of its kind.
    """
    question: Question = _guarded(kind, "request", lambda form: _load_question(form, payload))
    return question


def encode_reply(kind: int, answer: Any) -> bytes:
    """The payload of the reply to a question of this kind.

    Args:
        kind: the question's.
        answer: what belongs to it according to ``actors.messages``.

    Raises:
        ProtocolError: the answer doesn't fit the kind.
    """
    payload: bytes = _guarded(kind, "reply", lambda form: _dump_answer(form, answer))
    return payload


def decode_reply(kind: int, payload: bytes) -> Any:
    """The answer in a reply to a question of this kind.

    Raises:
        ProtocolError: the payload isn't of that kind.
    """
    return _guarded(kind, "reply", lambda form: _load_answer(form, payload))


def _guarded(kind: int, what: str, step: Callable[[_Form], Any]) -> Any:
    form = _FORMS.get(Kind(kind)) if kind in set(Kind) else None
    if form is None:
        raise ProtocolError(f"a {what} of the unknown kind {kind}")
    try:
        return step(form)
    except (msgspec.MsgspecError, ValueError, TypeError, LookupError, RecursionError, StructError) as error:
        raise ProtocolError(f"a malformed {Kind(kind).name} {what}: {error}") from error


def _load_question(form: _Form, payload: bytes) -> Question:
    if form.question is GetRows:
        return load_rows_question(payload)
    if not payload and form.question is Purge:
        return Purge()
    if not form.question._fields and not payload:
        return form.question()
    if not form.question._fields:
        raise ValueError("a payload where there is none")
    question = msgspec.json.decode(payload, type=form.question)
    _check(question)
    return question


def _is_bare(question: Question) -> bool:
    return not question or (isinstance(question, Purge) and question == Purge())


def _check(question: Question) -> None:
    """Hold what a type doesn't say against a question."""
    match question:
        case Close(payment_id=payment_id) | RetryPayment(payment_id) if len(payment_id) != ID_BYTES:
            raise ValueError(f"an id of {len(payment_id)} bytes")
        case GetPayment(digits) if not (
            FEWEST_DIGITS <= len(digits) <= MOST_DIGITS and set(digits) <= set("0123456789abcdef")
        ):
            raise ValueError(f"{digits!r} is no beginning of an id")
        case GetPayments(_, limit) if not 0 < limit <= PAYMENTS_MAX:
            raise ValueError(f"{limit} payments, of at most {PAYMENTS_MAX} a page")
        case GetHops(ids, _, number) if max(len(ids), number) > IDS_MAX or {len(each) for each in ids} - {ID_BYTES}:
            raise ValueError(f"not up to {IDS_MAX} ids of {ID_BYTES} bytes")


def _dump_answer(form: _Form, answer: Any) -> bytes:
    if not isinstance(answer, form.shell):
        raise TypeError(f"{type(answer).__name__} is no answer")
    return dump_page(answer) if isinstance(answer, RowsPage) else msgspec.json.encode(answer)


def _load_answer(form: _Form, payload: bytes) -> Any:
    return load_page(payload) if form.answer is RowsPage else msgspec.json.decode(payload, type=form.answer)
