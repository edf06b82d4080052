"""What the shards' answers come to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.messages.people import (
    Close,
    GetHeldReport,
    GetPayment,
    GetProcessors,
    GetRows,
    GetStatistics,
    GetSummary,
    RetryParked,
    RetryPayment,
)
from actors.reports import (
    HeldReport,
    PaymentReport,
    PaymentsPage,
    ProcessorReport,
    ProcessorsReport,
    RoutingReport,
    Statistics,
    WorkerStatistics,
)
from actors.values import LedgerRow, ProcessorHealth, RowsPage, Totals
from rinha.bridge.errors import RequestFailed
from rinha.jetstream.merging import join_pages, merge, merge_rows, rows_of_each, shards_to_ask, split_after
from rinha.jetstream.names import shard_of


def payment(number: int) -> PaymentReport:
    return PaymentReport(bytes([number]) * 16, 1, "parked", 0, 0, "", 0, "", "", 0, (), 0)


def statistics(number: int, *, healthy: bool, latency_ms: float) -> WorkerStatistics:
    counts = Statistics(*[number] * len(Statistics._fields))
    return WorkerStatistics(
        counts, (ProcessorHealth("default", 500, healthy, latency_ms),), {"Wake": number}, {f"intake-{number}": 1}
    )


def test_sums_are_added_by_processor() -> None:
    answers = [
        {"default": Totals(1, 10), "fallback": Totals(0, 0)},
        {"default": Totals(2, 20), "fallback": Totals(3, 3)},
    ]
    assert merge(GetSummary(), answers) == {"default": Totals(3, 30), "fallback": Totals(3, 3)}


def test_statistics_are_added_and_a_processor_is_as_ill_as_anybody_finds_it() -> None:
    whole = merge(
        GetStatistics(), [statistics(1, healthy=True, latency_ms=90.0), statistics(2, healthy=False, latency_ms=2.0)]
    )
    assert whole.counts == Statistics(*[3] * len(Statistics._fields))
    assert whole.processors == (ProcessorHealth("default", 500, False, 2.0),)
    assert (whole.dead_letters, whole.crashes) == ({"Wake": 3}, {"intake-1": 1, "intake-2": 1})


def test_what_is_held_is_told_of_the_oldest() -> None:
    answers = [
        HeldReport({"waiting": 1, "unknown": 0}, 10, 0, "nothing", ""),
        HeldReport({"waiting": 0, "unknown": 2}, 10, 500, "old", "then", 7, 1.0, 3),
        HeldReport({"waiting": 5, "unknown": 0}, 10, 900, "young", ""),
    ]
    whole = merge(GetHeldReport(), answers)
    assert whole == HeldReport({"waiting": 6, "unknown": 2}, 30, 500, "old", "then", 7, 1.0, 3)


def test_processors_are_added_and_the_dearest_choice_is_shown() -> None:
    def report(settled: int, *, healthy: bool, fees: float) -> ProcessorsReport:
        processor = ProcessorReport("default", 500, healthy, 1, "why", "", 4.0, "payments", False, 1, settled, 9, "", 0)
        return ProcessorsReport((processor,), RoutingReport("fastest", "default", 1, "x", f"{fees}", "", fees, 1.0))

    whole = merge(GetProcessors(), [report(5, healthy=True, fees=1.0), report(6, healthy=False, fees=3.0)])
    (processor,) = whole.processors
    assert (processor.settled, processor.settled_cents, processor.in_flight, processor.healthy) == (11, 18, 2, False)
    assert (whole.routing.fees_cents, whole.routing.least_fees_cents, whole.routing.why) == (4.0, 2.0, "3.0")


def test_payments_that_begin_so_are_found_in_every_shard() -> None:
    assert merge(GetPayment("aaaaaa"), [(payment(1),), (), (payment(2),)]) == (payment(1), payment(2))
    assert merge(RetryParked(), [1, 0, 4]) == 5


def test_what_nobody_can_add_is_no_answer() -> None:
    with pytest.raises(RequestFailed, match="each worker tells its own"):
        merge(Close(b"a" * 16, "", 0, 0, "", ""), [1, 2])


@pytest.mark.parametrize(
    "question", [RetryPayment(b"p" * 16), Close(b"p" * 16, "", 0, 0, "me", ""), GetPayment((b"p" * 16).hex())]
)
def test_one_payments_shard_alone_is_asked(question: Any) -> None:
    assert list(shards_to_ask(question, 3)) == [shard_of(b"p" * 16, 3)]


def test_all_are_asked_for_everything_else() -> None:
    assert list(shards_to_ask(GetPayment("aaaaaa"), 3)) == list(shards_to_ask(GetSummary(), 3)) == [0, 1, 2]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=4), st.integers(0, 40), st.integers(0, 40))
def test_rows_stand_one_shard_behind_the_other(totals: list[int], start: int, limit: int) -> None:
    books = [
        [LedgerRow(bytes([shard, row] * 8), "default", 1, 1) for row in range(n)] for shard, n in enumerate(totals)
    ]
    asked = rows_of_each(GetRows(start, limit), totals)
    pages = [
        RowsPage(1, len(rows), rows[each.start : each.start + each.limit])
        for each, rows in zip(asked, books, strict=True)
    ]
    whole = merge_rows(pages)
    assert (whole.epoch, whole.total) == (len(totals), sum(totals))
    assert whole.rows == [row for rows in books for row in rows][start : start + limit]


@given(st.lists(st.integers(0, 7), min_size=1, max_size=4), st.integers(1, 5))
def test_pages_lead_through_all_shards(held: list[int], limit: int) -> None:
    numbers = iter(range(100))
    shards = [[payment(next(numbers)) for _ in range(count)] for count in held]

    def page(shard: int, at: int, limit: int) -> PaymentsPage:
        rows = shards[shard]
        rest = str(at + limit) if at + limit < len(rows) else ""
        return PaymentsPage(tuple(rows[at : at + limit]), len(rows), rest)

    found, after = list[PaymentReport](), ""
    for _ in range(sum(held) + len(held) + 1):
        shard, rest = split_after(after)
        pages = [page(each, int(rest or 0) if each == shard else 0, limit) for each in range(len(held))]
        whole = join_pages(pages, shard, limit)
        assert whole.total == sum(held)
        assert len(whole.payments) <= limit
        found += whole.payments
        after = whole.after
        if not after:
            break
    assert found == [each for rows in shards for each in rows]
