"""The books, against a naive list of rows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import book as book_module
from actors.book import Book, Timeline
from actors.messages import LedgerRow, Totals

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("default", "fallback")
INSTANT = st.integers(0, 40)
BOUND = st.none() | st.integers(-1, 41)
ROW = st.builds(
    LedgerRow, st.integers(0, 60).map(lambda n: n.to_bytes(16)), st.sampled_from(NAMES), st.integers(1, 10**9), INSTANT
)


def naive(rows: list[tuple[int, int]], from_ms: int | None, to_ms: int | None) -> Totals:
    amounts = [cents for at, cents in rows if (from_ms is None or at >= from_ms) and (to_ms is None or at <= to_ms)]
    return Totals(len(amounts), sum(amounts))


@contextmanager
def late_max(limit: int) -> Iterator[None]:
    """Have timelines merge after so few late entries, so that short examples see merges."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book_module, "LATE_MAX", limit)
        yield


class TestTimeline:
    @given(
        st.lists(st.tuples(INSTANT, st.integers(1, 10**9)), max_size=60),
        st.lists(st.tuples(BOUND, BOUND), min_size=1, max_size=8),
        st.sampled_from([0, 1, 3, 512]),
    )
    def test_sums_agree_with_a_scan_after_every_entry(
        self, entries: list[tuple[int, int]], ranges: list[tuple[int | None, int | None]], late: int
    ) -> None:
        timeline, so_far = Timeline(), list[tuple[int, int]]()
        with late_max(late):
            for entry in entries:
                timeline.add(*entry)
                so_far.append(entry)
                for from_ms, to_ms in ranges:
                    assert timeline.totals(from_ms, to_ms) == naive(so_far, from_ms, to_ms)

    def test_an_empty_one_has_nothing(self) -> None:
        assert Timeline().totals(None, None) == Timeline().totals(0, 10) == Totals(0, 0)

    def test_both_ends_are_inclusive(self) -> None:
        timeline = Timeline()
        for at in (1000, 1001, 1002):
            timeline.add(at, 100)
        assert timeline.totals(1000, 1002) == Totals(3, 300)
        assert timeline.totals(1001, 1001) == Totals(1, 100)
        assert timeline.totals(1003, None) == Totals(0, 0)

    def test_a_reversed_range_is_empty(self) -> None:
        timeline = Timeline()
        for at in (1000, 2000, 1500):
            timeline.add(at, 100)
        assert timeline.totals(2000, 1000) == Totals(0, 0)

    def test_cents_stay_exact_where_floats_would_not(self) -> None:
        timeline = Timeline()
        timeline.add(1, 2**53 + 1)
        timeline.add(2, 2)
        assert timeline.totals(None, None) == Totals(2, 2**53 + 3)

    def test_descending_instants_are_all_late(self) -> None:
        timeline = Timeline()
        for at in range(2000, 0, -1):
            timeline.add(at, 1)
        assert timeline.totals(500, 999) == Totals(500, 500)


class TestBook:
    @given(
        st.lists(ROW | st.just("purge"), max_size=80),
        BOUND,
        BOUND,
        st.sampled_from([0, 2, 512]),
        st.integers(0, 30),
        st.integers(0, 30),
    )
    def test_it_agrees_with_a_list(
        self, steps: list[LedgerRow | str], from_ms: int | None, to_ms: int | None, late: int, start: int, limit: int
    ) -> None:
        book, rows, epoch = Book(NAMES), list[LedgerRow](), 0
        with late_max(late):
            for step in steps:
                if isinstance(step, LedgerRow):
                    new = step.payment_id not in {row.payment_id for row in rows}
                    assert book.record(step, epoch) is new
                    if new:
                        rows.append(step)
                else:
                    epoch += 1
                    rows.clear()
                    book.forget(epoch)
        assert len(book) == len(rows)
        assert book.rows(start, limit) == rows[start : start + limit]
        assert book.summary(from_ms, to_ms) == {
            name: naive(
                [(each.requested_at_ms, each.amount_cents) for each in rows if each.processor == name], from_ms, to_ms
            )
            for name in NAMES
        }

    def row(self, number: int = 1, processor: str = "default") -> LedgerRow:
        return LedgerRow(number.to_bytes(16), processor, 1990, 1000 + number)

    def test_every_processor_is_in_a_summary_in_the_configured_order(self) -> None:
        assert list(Book(("b", "a", "c")).summary(None, None)) == ["b", "a", "c"]

    def test_the_same_payment_counts_once_even_at_another_processor(self) -> None:
        book = Book(NAMES)
        assert book.record(self.row(), 0)
        assert not book.record(self.row(), 0)
        assert not book.record(self.row(processor="fallback"), 0)
        assert book.rows(0, 10) == [self.row()]

    def test_a_late_result_of_an_earlier_epoch_changes_nothing(self) -> None:
        book = Book(NAMES)
        book.forget(1)
        assert not book.record(self.row(), 0)
        assert book.record(self.row(), 1)
        assert len(book) == 1

    def test_an_epoch_that_is_not_newer_empties_nothing(self) -> None:
        book = Book(NAMES)
        book.forget(2)
        book.record(self.row(), 2)
        book.forget(2)
        book.forget(1)
        assert (book.epoch, len(book)) == (2, 1)

    def test_an_unknown_processor_is_an_error_that_changes_nothing(self) -> None:
        book = Book(NAMES)
        with pytest.raises(KeyError):
            book.record(self.row(processor="nobody"), 0)
        assert len(book) == 0
        assert book.record(self.row(), 0)

    def test_rows_beyond_the_end_are_none(self) -> None:
        book = Book(NAMES)
        book.record(self.row(), 0)
        assert book.rows(1, 10) == []
        assert book.rows(0, 0) == []


@given(
    chunks=st.lists(st.lists(ROW, max_size=30, unique_by=lambda row: row.payment_id), max_size=3),
    from_ms=BOUND,
    to_ms=BOUND,
)
def test_many_rows_at_once_are_as_one_by_one(
    chunks: list[list[LedgerRow]], from_ms: int | None, to_ms: int | None
) -> None:
    at_once, one_by_one = Book(NAMES), Book(NAMES)
    for number, chunk in enumerate(chunks):
        # Each chunk has ids of its own, as a journal's have.
        rows = [row._replace(payment_id=bytes([number]) + row.payment_id[1:]) for row in chunk]
        if rows:
            at_once.extend(*zip(*rows, strict=True))
        for row in rows:
            assert one_by_one.record(row, 0)
    assert at_once.rows(0, 100) == one_by_one.rows(0, 100)
    assert at_once.summary(from_ms, to_ms) == one_by_one.summary(from_ms, to_ms)
    ids = at_once.ids()
    assert [ids[row] for row in range(len(ids))] == [row.payment_id for row in at_once.rows(0, 100)]
