"""Pages of the books as payloads. They are packed: a checker fetches a million rows."""

from __future__ import annotations

from struct import Struct

from actors.messages.people import GetRows
from actors.values import LedgerRow, RowsPage

MAX_ROWS_PER_PAGE = 10_000
"""Some 10 ms of the worker's time."""

_GET_ROWS = Struct(">QI")
_PAGE = Struct(">IQIB")
_ROW = Struct(">16sBqq")


def dump_rows_question(question: GetRows) -> bytes:
    """The payload of a question."""
    return _GET_ROWS.pack(*question)


def load_rows_question(payload: bytes) -> GetRows:
    """The question.

    Raises:
        ValueError, struct.error: the payload is none.
    """
    question = GetRows(*_GET_ROWS.unpack(payload))
    if question.limit > MAX_ROWS_PER_PAGE:
        raise ValueError(f"{question.limit} rows, of at most {MAX_ROWS_PER_PAGE} a page")
    return question


def dump_page(page: RowsPage) -> bytes:
    """The payload of an answer."""
    numbers: dict[str, int] = {}
    packed = [
        _ROW.pack(payment_id, numbers.setdefault(processor, len(numbers)), amount_cents, requested_at_ms)
        for payment_id, processor, amount_cents, requested_at_ms in page.rows
    ]
    names = [name.encode() for name in numbers]
    head = _PAGE.pack(page.epoch, page.total, len(packed), len(names))
    return b"".join([head, *(bytes([len(name)]) + name for name in names), *packed])


def load_page(payload: bytes) -> RowsPage:
    """The answer.

    Raises:
        ValueError, LookupError, struct.error: the payload is none.
    """
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
