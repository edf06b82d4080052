"""Questions to the worker and its replies, as payloads of REQUEST and REPLY frames.

All are JSON but for the rows of the books, which are packed: a checker fetches a million of them.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from struct import error as StructError
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from actors.messages.people import Close, GetParked, GetRows, GetStatistics, GetSummary, GetUnknown, Purge, RetryParked
from actors.reports import ParkedPayment, Statistics, WorkerStatistics
from actors.values import LedgerRow, Payment, ProcessorHealth, RowsPage, Summary, Totals
from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.doubts import dump_close, dump_unknown, load_close, load_close_answer, load_unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Question = GetSummary | Purge | GetStatistics | GetRows | GetParked | RetryParked | GetUnknown | Close

MAX_ROWS_PER_PAGE = 10_000
"""Some 10 ms of the worker's time."""

_GET_ROWS = Struct(">QI")
_PAGE = Struct(">IQIB")
_ROW = Struct(">16sBqq")


class Kind(IntEnum):
    """The number of a question on the wire."""

    SUMMARY = 1
    PURGE = 2
    STATISTICS = 3
    ROWS = 4
    PARKED = 5
    RETRY_PARKED = 6
    UNKNOWN = 7
    CLOSE = 8


def encode_request(question: Question) -> tuple[Kind, bytes]:
    """The kind and the payload of a question."""
    kind = _KINDS[type(question)]
    return kind, _CODECS[kind].dump_question(question)


def decode_request(kind: int, payload: bytes) -> Question:
    """The question of a REQUEST frame.

    Raises:
        ProtocolError: an unknown kind, or a payload that isn't of its kind.
    """
    question: Question = _guarded(kind, "request", lambda codec: codec.load_question(payload))
    return question


def encode_reply(kind: int, answer: Any) -> bytes:
    """The payload of the reply to a question of this kind.

    Args:
        kind: the question's.
        answer: what belongs to it according to ``actors.messages``.

    Raises:
        ProtocolError: the answer doesn't fit the kind.
    """
    payload: bytes = _guarded(kind, "reply", lambda codec: codec.dump_answer(answer))
    return payload


def decode_reply(kind: int, payload: bytes) -> Any:
    """The answer in a reply to a question of this kind.

    Raises:
        ProtocolError: the payload isn't of that kind.
    """
    return _guarded(kind, "reply", lambda codec: codec.load_answer(payload))


class _Codec(NamedTuple):
    dump_question: Callable[[Any], bytes]
    load_question: Callable[[bytes], Question]
    dump_answer: Callable[[Any], bytes]
    load_answer: Callable[[bytes], Any]


def _guarded(kind: int, what: str, step: Callable[[_Codec], Any]) -> Any:
    codec = _CODECS.get(kind)
    if codec is None:
        raise ProtocolError(f"a {what} of the unknown kind {kind}")
    try:
        return step(codec)
    except (ValueError, TypeError, LookupError, AttributeError, StructError) as error:
        raise ProtocolError(f"a malformed {Kind(kind).name} {what}: {error}") from error


def _nothing(payload: bytes) -> None:
    if payload:
        raise ValueError("a payload where there is none")


def _bound(value: Any) -> int | None:
    if value is not None and type(value) is not int:
        raise ValueError(f"a bound of {value!r}")
    return value


def _load_summary_question(payload: bytes) -> GetSummary:
    from_ms, to_ms = orjson.loads(payload)
    return GetSummary(_bound(from_ms), _bound(to_ms))


def _dump_list(values: tuple[float | None, ...]) -> bytes:
    return orjson.dumps(list(values))


def _dump_summary(summary: Summary) -> bytes:
    return orjson.dumps({name: list(totals) for name, totals in summary.items()})


def _load_summary(payload: bytes) -> Summary:
    return {name: Totals(int(requests), int(cents)) for name, (requests, cents) in orjson.loads(payload).items()}


def _load_bare(
    question: type[Purge | GetStatistics | GetParked | RetryParked | GetUnknown],
) -> Callable[[bytes], Question]:
    def load(payload: bytes) -> Question:
        _nothing(payload)
        return question()

    return load


def _load_int(payload: bytes) -> int:
    return int(orjson.loads(payload))


def _dump_statistics(statistics: WorkerStatistics) -> bytes:
    counts, processors, dead_letters, crashes = statistics
    return orjson.dumps(
        {
            "counts": counts._asdict(),
            "processors": [each._asdict() for each in processors],
            "dead_letters": dead_letters,
            "crashes": crashes,
        }
    )


def _load_statistics(payload: bytes) -> WorkerStatistics:
    parts = orjson.loads(payload)
    return WorkerStatistics(
        Statistics(**parts["counts"]),
        tuple(ProcessorHealth(**each) for each in parts["processors"]),
        dict(parts["dead_letters"]),
        dict(parts["crashes"]),
    )


def _dump_parked(parked: tuple[ParkedPayment, ...]) -> bytes:
    return orjson.dumps([[one.payment[0].hex(), one.payment[1], one.payment[2], one.reason] for one in parked])


def _load_parked(payload: bytes) -> tuple[ParkedPayment, ...]:
    return tuple(
        ParkedPayment(Payment(bytes.fromhex(payment_id), int(cents), int(traced_at_us)), str(reason))
        for payment_id, cents, traced_at_us, reason in orjson.loads(payload)
    )


def _load_rows_question(payload: bytes) -> GetRows:
    question = GetRows(*_GET_ROWS.unpack(payload))
    if question.limit > MAX_ROWS_PER_PAGE:
        raise ValueError(f"{question.limit} rows, of at most {MAX_ROWS_PER_PAGE} a page")
    return question


def _dump_page(page: RowsPage) -> bytes:
    numbers: dict[str, int] = {}
    packed = [
        _ROW.pack(payment_id, numbers.setdefault(processor, len(numbers)), amount_cents, requested_at_ms)
        for payment_id, processor, amount_cents, requested_at_ms in page.rows
    ]
    names = [name.encode() for name in numbers]
    head = _PAGE.pack(page.epoch, page.total, len(packed), len(names))
    return b"".join([head, *(bytes([len(name)]) + name for name in names), *packed])


def _load_page(payload: bytes) -> RowsPage:
    epoch, total, count, names_count = _PAGE.unpack_from(payload)
    position, names = _PAGE.size, []
    for _ in range(names_count):
        (size,) = payload[position : position + 1]
        names.append(payload[position + 1 : position + 1 + size].decode())
        position += 1 + size
    if len(payload) != position + count * _ROW.size:
        raise ValueError("wrong length")
    rows = [
        LedgerRow(payment_id, names[number], amount_cents, requested_at_ms)
        for payment_id, number, amount_cents, requested_at_ms in _ROW.iter_unpack(memoryview(payload)[position:])
    ]
    return RowsPage(epoch, total, rows)


def _no_payload(question: Question) -> bytes:
    return b""


_KINDS: Mapping[type[Question], Kind] = {
    GetSummary: Kind.SUMMARY,
    Purge: Kind.PURGE,
    GetStatistics: Kind.STATISTICS,
    GetRows: Kind.ROWS,
    GetParked: Kind.PARKED,
    RetryParked: Kind.RETRY_PARKED,
    GetUnknown: Kind.UNKNOWN,
    Close: Kind.CLOSE,
}
_CODECS: Mapping[int, _Codec] = {
    Kind.SUMMARY: _Codec(_dump_list, _load_summary_question, _dump_summary, _load_summary),
    Kind.PURGE: _Codec(_no_payload, _load_bare(Purge), orjson.dumps, _load_int),
    Kind.STATISTICS: _Codec(_no_payload, _load_bare(GetStatistics), _dump_statistics, _load_statistics),
    Kind.ROWS: _Codec(lambda q: _GET_ROWS.pack(*q), _load_rows_question, _dump_page, _load_page),
    Kind.PARKED: _Codec(_no_payload, _load_bare(GetParked), _dump_parked, _load_parked),
    Kind.RETRY_PARKED: _Codec(_no_payload, _load_bare(RetryParked), orjson.dumps, _load_int),
    Kind.UNKNOWN: _Codec(_no_payload, _load_bare(GetUnknown), dump_unknown, load_unknown),
    Kind.CLOSE: _Codec(dump_close, load_close, _dump_list, load_close_answer),
}
