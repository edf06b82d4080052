"""The books, against a naive list of rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.ledger.book import Book
from actors.values import LedgerRow, Totals
from tests.actors.ledger.naive import naive

NAMES = ("default", "fallback")
INSTANT = st.integers(0, 40)
BOUND = st.none() | st.integers(-1, 41)
ROW = st.builds(
    LedgerRow, st.integers(0, 60).map(lambda n: n.to_bytes(16)), st.sampled_from(NAMES), st.integers(1, 10**9), INSTANT
)


class TestBook:
    @given(
        st.lists(ROW | st.just("purge"), max_size=80),
        BOUND,
        BOUND,
        st.sampled_from([1, 2, 512]),
        st.integers(0, 30),
        st.integers(0, 30),
    )
    def test_it_agrees_with_a_list(
        self,
        steps: list[LedgerRow | str],
        from_ms: int | None,
        to_ms: int | None,
        rows_per_block: int,
        start: int,
        limit: int,
    ) -> None:
        book, rows, epoch = Book(NAMES, block_rows=rows_per_block), list[LedgerRow](), 0
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
        assert book.is_whole
        assert book.summary(from_ms, to_ms).totals == {
            name: naive(
                [(each.requested_at_ms, each.amount_cents) for each in rows if each.processor == name], from_ms, to_ms
            )
            for name in NAMES
        }

    def row(self, number: int = 1, processor: str = "default") -> LedgerRow:
        return LedgerRow(number.to_bytes(16), processor, 1990, 1000 + number)

    def test_every_processor_is_in_a_summary_in_the_configured_order(self) -> None:
        assert list(Book(("b", "a", "c")).summary(None, None).totals) == ["b", "a", "c"]

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
    rows_per_block=st.sampled_from([1, 2, 512]),
)
def test_many_rows_at_once_are_as_one_by_one(
    chunks: list[list[LedgerRow]], from_ms: int | None, to_ms: int | None, rows_per_block: int
) -> None:
    at_once, one_by_one = (Book(NAMES, block_rows=rows_per_block) for _ in range(2))
    for number, chunk in enumerate(chunks):
        # Each chunk has ids of its own, as a journal's have.
        rows = [row._replace(payment_id=bytes([number]) + row.payment_id[1:]) for row in chunk]
        if rows:
            at_once.extend(*zip(*rows, strict=True))
        for row in rows:
            assert one_by_one.record(row, 0)
    assert at_once.rows(0, 100) == one_by_one.rows(0, 100)
    assert at_once.summary(from_ms, to_ms) == one_by_one.summary(from_ms, to_ms)
    cents = [row.amount_cents for row in at_once.rows(0, 100)]
    by_id = at_once.ids_with(cents)
    assert [by_id.get(row.payment_id) for row in at_once.rows(0, 100)] == cents


def test_a_clock_that_was_wrong_by_years_and_a_vast_amount_are_recorded_as_they_are() -> None:
    rows = [
        LedgerRow(bytes([number]) * 16, "default", amount_cents, at)
        for number, (amount_cents, at) in enumerate([(1, 1_752_000_000_000), (2**40, 86_400_000), (3, 4 * 10**12)])
    ]
    book = Book(NAMES)
    for row in rows:
        assert book.record(row, 0)
    assert book.rows(0, 10) == rows
    assert book.summary(None, 1_752_000_000_000).totals["default"] == Totals(2, 2**40 + 1)
    assert book.summary(86_400_001, None).totals["default"] == Totals(2, 4)
