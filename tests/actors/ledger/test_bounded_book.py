"""Books that hold the newest rows alone, and a journal that has all: together they say what a list of all does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.ledger.book import Book
from actors.values import LedgerRow, Totals
from tests.actors.ledger.naive import naive
from tests.support.memory_history import MemoryHistory, sums_of

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = ("default", "fallback")
SUM_MS = 10
BOUND = st.none() | st.integers(-12, 52)
ROWS = st.lists(
    st.builds(
        LedgerRow,
        st.integers(0, 200).map(lambda number: number.to_bytes(16)),
        st.sampled_from(NAMES),
        st.integers(1, 10**9),
        st.integers(-10, 50),
    ),
    max_size=60,
    unique_by=lambda row: row.payment_id,
)
WINDOWS = st.lists(st.tuples(BOUND, BOUND), min_size=1, max_size=6)


class Kept:
    """A journal, and books that hold few rows of it."""

    def __init__(self, rows_max: int) -> None:
        self.rows: list[LedgerRow] = []
        self.rows_max = rows_max
        self.book = self.new_book()

    def new_book(self) -> Book:
        return Book(NAMES, rows_max=self.rows_max, block_rows=2, records_per_bucket=2, sum_ms=SUM_MS)

    def record(self, rows: Iterable[LedgerRow]) -> None:
        for row in rows:
            assert self.book.record(row, 0)
            self.rows.append(row)

    def start_anew(self, rows_max: int) -> int:
        """Another worker begins; tells how many rows it has read."""
        self.book = self.new_book()
        from_ms = self.book.restore(sums_of(self._settled(), SUM_MS), rows_max)
        read = [row for row in self.rows if from_ms is None or row.requested_at_ms >= from_ms]
        if read:
            self.book.extend(*zip(*read, strict=True))
        return len(read)

    def summary(self, from_ms: int | None, to_ms: int | None) -> dict[str, Totals]:
        summed = self.book.summary(from_ms, to_ms)
        assert all(start // SUM_MS == (end - 1) // SUM_MS for start, end in summed.cuts), "each within a span"
        cut = MemoryHistory(lambda: 0, self._settled).totals(0, summed.cuts)
        assert cut is not None
        nothing = Totals(0, 0)
        return {
            name: Totals(*(sum(each) for each in zip(totals, cut.get(name, nothing), strict=True)))
            for name, totals in summed.totals.items()
        }

    def check(self, windows: Iterable[tuple[int | None, int | None]]) -> None:
        by_name = {name: [each for each in self.rows if each.processor == name] for name in NAMES}
        for window in windows:
            assert self.summary(*window) == {
                name: naive([(each.requested_at_ms, each.amount_cents) for each in rows], *window)
                for name, rows in by_name.items()
            }
        assert len(self.book) == len(self.rows)

    def _settled(self) -> list[tuple[bytes, int, str, int, int]]:
        return [(row.payment_id, row.amount_cents, *row[1:]) for row in self.rows]


@given(rows=ROWS, windows=WINDOWS, rows_max=st.sampled_from([2, 4, 10, 1000]))
def test_any_range_is_summed_right_whatever_is_held(
    rows: list[LedgerRow], windows: list[tuple[int | None, int | None]], rows_max: int
) -> None:
    kept = Kept(rows_max)
    for start in range(0, len(rows), 20):
        kept.record(rows[start : start + 20])
        kept.check(windows)  # remembers sums, which later rows must set right


@given(rows=ROWS, more=ROWS, windows=WINDOWS, rows_max=st.sampled_from([2, 10, 1000]), read=st.integers(0, 30))
def test_so_it_is_over_a_restart(
    rows: list[LedgerRow], more: list[LedgerRow], windows: list[tuple[int | None, int | None]], rows_max: int, read: int
) -> None:
    kept = Kept(rows_max)
    kept.record(rows)
    assert kept.start_anew(read) <= read
    kept.check(windows)
    known = {row.payment_id for row in rows}
    kept.record(row for row in more if row.payment_id not in known)
    kept.check(windows)


def test_no_more_rows_are_held_than_that() -> None:
    kept = Kept(10)
    kept.record(LedgerRow(number.to_bytes(16), "default", 1, number) for number in range(1000))
    held = [number for number in range(1000) if kept.book.row(number.to_bytes(16))]
    assert held == list(range(held[0], 1000)), "the newest"
    assert 5 <= len(held) <= 10
    assert not kept.book.is_whole


def test_a_range_of_whole_spans_needs_no_journal() -> None:
    kept = Kept(4)
    kept.record(LedgerRow(number.to_bytes(16), "default", 7, number) for number in range(100))
    assert kept.book.summary(None, None).cuts == ()
    summed = kept.book.summary(20, 39)
    assert (summed.cuts, summed.totals["default"]) == ((), Totals(20, 140))
    assert kept.book.summary(25, 38).cuts == ((25, 30), (30, 39))


def test_what_nobody_was_settled_in_is_not_asked_for() -> None:
    kept = Kept(4)
    kept.record(LedgerRow(number.to_bytes(16), "default", 7, 1000 * number) for number in range(50))
    assert kept.book.summary(1005, 5003).cuts == ((1005, 1010), (5000, 5004))
    assert kept.book.summary(1500, 1505).cuts == ()


def test_a_clock_that_was_years_ahead_leaves_sums_right() -> None:
    kept = Kept(4)
    kept.record([LedgerRow(b"a" * 16, "default", 5, 10**9)])
    kept.record(LedgerRow(number.to_bytes(16), "default", 1, number) for number in range(100))
    kept.check([(None, None), (3, 77), (None, 10**9), (10**9, None), (15, 10**9 - 1)])


def test_a_purge_begins_with_nothing() -> None:
    kept = Kept(4)
    kept.record(LedgerRow(number.to_bytes(16), "default", 1, number) for number in range(100))
    kept.book.forget(1)
    assert kept.book.summary(3, 77).cuts == ()
    assert (len(kept.book), kept.book.is_whole, kept.book.summary(None, None).epoch) == (0, True, 1)


def test_entering_a_row_twice_changes_nothing_though_the_older_ones_were_let_go_in_between() -> None:
    kept = Kept(4)
    rows = [LedgerRow(number.to_bytes(16), "default", 1, number) for number in range(9)]
    for row in rows:
        assert kept.book.record(row, 0)
        assert not kept.book.record(row, 0), "as after a crash"
    assert len(kept.book) == 9


@pytest.mark.parametrize("name", ["nobody"])
def test_sums_of_a_processor_that_there_is_not_are_an_error(name: str) -> None:
    book = Book(NAMES, rows_max=4)
    with pytest.raises(KeyError):
        book.restore(sums_of([(bytes(16), 1, name, 1, 0)], SUM_MS), 10)


def test_the_older_half_of_the_rows_lose_their_ids_and_sums_stay_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.ledger.book.REPEATED_MAX", 3)
    kept = Kept(20)
    kept.record(LedgerRow(number.to_bytes(16), "default", 1, number) for number in range(10))
    whole = [kept.book.is_whole]
    kept.record(LedgerRow(number.to_bytes(16), "default", 1, number) for number in range(10, 14))
    whole.append(kept.book.is_whole)
    assert whole == [True, False], "the journal has to tell the rows"
    assert [number for number in range(14) if kept.book.row(number.to_bytes(16))] == [10, 11, 12, 13]
    kept.check([(None, None), (3, 11), (0, 9), (9, 10)])
    assert not kept.book.record(LedgerRow((12).to_bytes(16), "default", 1, 12), 0)
