"""Questions and answers as payloads."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    CloseResult,
    PaymentsPage,
    RetryAnswer,
    RetryResult,
    Statistics,
    WorkerStatistics,
)
from actors.values import LedgerRow, ProcessorHealth, RowsPage, Totals
from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.wire.own_questions import GetEvents, GetFigures, GetHops, GetMetrics, GetOverview
from rinha.bridge.protocol.wire.processes import (
    AllEvents,
    AllHops,
    AllReports,
    ApiReport,
    Event,
    ProcessEvents,
    ProcessHops,
)
from rinha.bridge.protocol.wire.questions import Kind, decode_reply, decode_request, encode_reply, encode_request
from rinha.bridge.protocol.wire.rows import MAX_ROWS_PER_PAGE
from tests.support.samples import HELD, METRICS, OVERVIEW, PAYMENT, PROCESSORS, STATISTICS

QUESTIONS = [
    GetSummary(),
    GetSummary(0, None),
    GetSummary(None, 1_752_580_496_000),
    GetSummary(-5, 2**53),
    Purge(),
    GetStatistics(),
    GetRows(0, 1),
    GetRows(2**63, MAX_ROWS_PER_PAGE),
    RetryParked(),
    Close(bytes(range(16)), "défaut", 1990, 1_752_580_496_000, "ada (10.0.0.7)", "„gesehen“"),
    Close(bytes(16), "", 0, 0, "", ""),
    GetPayment("4a7901"),
    GetPayments(),
    GetPayments("unknown", 1000, "7"),
    GetHeldReport(),
    RetryPayment(bytes(range(16))),
    GetProcessors(),
    GetFigures(),
    GetEvents(7),
    GetHops((bytes(16), bytes(range(16)))),
    GetHops(by="slowest", number=5),
    GetOverview(),
    GetOverview(1_764_144_003),
    GetMetrics(),
]
HOP = (1_764_144_000_123_456_789, 1_834, bytes(range(16)), "payment.attempt", 1, "payment-3", {"step": "post"})
INSTANTS = st.integers(-(2**63), 2**63 - 1)
ROWS = st.builds(LedgerRow, st.binary(min_size=16, max_size=16), st.sampled_from(["a", "dé"]), INSTANTS, INSTANTS)


@pytest.mark.parametrize("question", QUESTIONS, ids=repr)
def test_questions_come_back(question: Any) -> None:
    kind, payload = encode_request(question)
    decoded = decode_request(kind, payload)
    assert decoded == question
    assert type(decoded) is type(question)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (Kind.SUMMARY, {"default": Totals(3, 5970), "fallback": Totals(0, 0)}),
        (Kind.SUMMARY, {}),
        (Kind.PURGE, 7),
        (Kind.STATISTICS, STATISTICS),
        (Kind.RETRY_PARKED, 0),
        (Kind.CLOSE, CloseAnswer(CloseResult.TOO_SOON, 5.5)),
        (Kind.PAYMENT, ()),
        (Kind.PAYMENT, (PAYMENT,)),
        (Kind.PAYMENTS, PaymentsPage((PAYMENT, PAYMENT), 7, "2")),
        (Kind.HELD, HELD),
        (Kind.RETRY, RetryAnswer(RetryResult.NOT_PARKED, "It waits.")),
        (Kind.PROCESSORS, PROCESSORS),
        (Kind.FIGURES, AllReports((ApiReport("api-1", "00ff", 1, 2, {"full": 3}),), ("api-2: gone",))),
        (Kind.EVENTS, AllEvents((ProcessEvents("w", "00", (Event(1, 2, "info", "a.b", "w", {"n": None}),)),))),
        (Kind.HOPS, AllHops((ProcessHops("payment-worker", "00", "worker", [HOP, (*HOP[:6], None)]),))),
        (Kind.OVERVIEW, OVERVIEW),
        (Kind.METRICS, METRICS),
    ],
)
def test_answers_come_back(kind: Kind, answer: Any) -> None:
    assert decode_reply(kind, encode_reply(kind, answer)) == answer


def test_statistics_keep_their_types() -> None:
    answer = decode_reply(Kind.STATISTICS, encode_reply(Kind.STATISTICS, STATISTICS))
    assert (type(answer), type(answer.counts), type(answer.processors[0])) == (
        WorkerStatistics,
        Statistics,
        ProcessorHealth,
    )


def test_the_summary_keeps_the_order_of_processors() -> None:
    answer = {"z": Totals(1, 1), "a": Totals(2, 2)}
    assert list(decode_reply(Kind.SUMMARY, encode_reply(Kind.SUMMARY, answer))) == ["z", "a"]


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.lists(ROWS, max_size=20))
def test_pages_of_rows_come_back(epoch: int, total: int, rows: list[LedgerRow]) -> None:
    page = RowsPage(epoch, total, rows)
    assert decode_reply(Kind.ROWS, encode_reply(Kind.ROWS, page)) == page


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (0, b""),
        (99, b""),
        (Kind.SUMMARY, b""),
        (Kind.SUMMARY, b"[1, 2, 3]"),
        (Kind.SUMMARY, b"[1.5, null]"),
        (Kind.SUMMARY, b"[true, null]"),
        (Kind.SUMMARY, b'["1", null]'),
        (Kind.SUMMARY, b"{}"),
        (Kind.PURGE, b"x"),
        (Kind.STATISTICS, b"x"),
        (Kind.ROWS, b""),
        (Kind.ROWS, bytes(8) + (MAX_ROWS_PER_PAGE + 1).to_bytes(4)),
        (Kind.RETRY_PARKED, b"0"),
        (Kind.CLOSE, b""),
        (Kind.CLOSE, b'["AA==", "", 0, 0, "", ""]'),
        (Kind.CLOSE, b'["AAAAAAAAAAAAAAAAAAAAAA==", "", 0.5, 0, "", ""]'),
        (Kind.CLOSE, b'["AAAAAAAAAAAAAAAAAAAAAA==", "", 0, 0, null, ""]'),
        (Kind.PAYMENT, b'["12345"]'),
        (Kind.PAYMENT, b'["ABCDEF"]'),
        (Kind.PAYMENTS, b'["", 1001, ""]'),
        (Kind.PAYMENTS, b'["", 0, ""]'),
        (Kind.RETRY, b'["AA=="]'),
        (Kind.HOPS, b'[["AA=="], "", 0]'),
        (Kind.HOPS, b'[[], "slowest", 101]'),
    ],
)
def test_what_is_no_question_breaks_the_protocol(kind: int, payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_request(kind, payload)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (99, b""),
        (Kind.SUMMARY, b"[]"),
        (Kind.SUMMARY, b'{"default": [1]}'),
        (Kind.PURGE, b"null"),
        (Kind.STATISTICS, b"3"),
        (Kind.STATISTICS, b"[[1], [], {}, {}]"),
        (Kind.ROWS, bytes(16)),
        (Kind.ROWS, bytes(12) + b"\0\0\0\1\0"),
        (Kind.ROWS, bytes(12) + b"\0\0\0\1\0" + bytes(33)),
        (Kind.ROWS, bytes(12) + b"\0\0\0\0\1"),
        (Kind.CLOSE, b"[8, 0]"),
        (Kind.CLOSE, b"0"),
    ],
)
def test_what_is_no_answer_breaks_the_protocol(kind: int, payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_reply(kind, payload)


@given(st.sampled_from(Kind), st.binary(max_size=80))
def test_garbage_is_decoded_or_breaks_the_protocol_and_nothing_else(kind: Kind, payload: bytes) -> None:
    for decode in (decode_request, decode_reply):
        with contextlib.suppress(ProtocolError):
            decode(kind, payload)


def test_an_answer_of_another_kind_is_noticed_by_who_gave_it() -> None:
    with pytest.raises(ProtocolError, match="SUMMARY reply"):
        encode_reply(Kind.SUMMARY, 5)
