"""Sums over ranges of instants, against a scan."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.ledger.timeline import BLOCK_ROWS, Timeline
from actors.packed.column import Column
from actors.values import Totals
from tests.actors.ledger.naive import naive

BOUND = st.none() | st.integers(-1, 41)
ENTRIES = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10**9)), max_size=60)
RANGES = st.lists(st.tuples(BOUND, BOUND), min_size=1, max_size=8)
BLOCKS = st.sampled_from([1, 2, 3, 512])


class Entries:
    """A timeline with columns of its own."""

    def __init__(self, block_rows: int = BLOCK_ROWS) -> None:
        self.instants, self.amounts = Column(), Column()
        self.timeline = Timeline(self.instants, self.amounts, block_rows)
        self.totals = self.timeline.totals

    def add(self, instant_ms: int, amount_cents: int) -> None:
        self.timeline.add(len(self.instants), instant_ms, amount_cents)
        self.instants.append(instant_ms)
        self.amounts.append(amount_cents)

    def extend(self, entries: list[tuple[int, int]]) -> None:
        first = len(self.instants)
        self.instants.extend([each[0] for each in entries])
        self.amounts.extend([each[1] for each in entries])
        self.timeline.extend(range(first, first + len(entries)))


@given(entries=ENTRIES, ranges=RANGES, rows_per_block=BLOCKS)
def test_sums_agree_with_a_scan_after_every_entry(
    entries: list[tuple[int, int]], ranges: list[tuple[int | None, int | None]], rows_per_block: int
) -> None:
    tested, so_far = Entries(rows_per_block), list[tuple[int, int]]()
    for entry in entries:
        tested.add(*entry)
        so_far.append(entry)
        for from_ms, to_ms in ranges:
            assert tested.totals(from_ms, to_ms) == naive(so_far, from_ms, to_ms)


@given(chunks=st.lists(ENTRIES, max_size=4), ranges=RANGES, rows_per_block=BLOCKS)
def test_many_at_once_are_as_one_by_one(
    chunks: list[list[tuple[int, int]]], ranges: list[tuple[int | None, int | None]], rows_per_block: int
) -> None:
    tested, so_far = Entries(rows_per_block), list[tuple[int, int]]()
    for chunk in chunks:
        tested.extend(chunk)
        so_far += chunk
        for from_ms, to_ms in ranges:
            assert tested.totals(from_ms, to_ms) == naive(so_far, from_ms, to_ms)


def test_an_empty_one_has_nothing() -> None:
    assert Entries().totals(None, None) == Entries().totals(0, 10) == Totals(0, 0)


def test_both_ends_are_inclusive() -> None:
    tested = Entries()
    for at in (1000, 1001, 1002):
        tested.add(at, 100)
    assert tested.totals(1000, 1002) == Totals(3, 300)
    assert tested.totals(1001, 1001) == Totals(1, 100)
    assert tested.totals(1003, None) == Totals(0, 0)


def test_a_reversed_range_is_empty() -> None:
    tested = Entries()
    for at in (1000, 2000, 1500):
        tested.add(at, 100)
    assert tested.totals(2000, 1000) == Totals(0, 0)


def test_cents_stay_exact_where_floats_would_not() -> None:
    tested = Entries()
    tested.add(1, 2**53 + 1)
    tested.add(2, 2)
    assert tested.totals(None, None) == Totals(2, 2**53 + 3)


def test_a_clock_that_was_set_back() -> None:
    tested, count = Entries(), 10 * BLOCK_ROWS
    for at in (*range(count, 2 * count), *range(count)):
        tested.add(at, 1)
    for from_ms, to_ms in ((0, 2 * count), (5, count - 1), (count - 3, count + 3), (count, None)):
        assert tested.totals(from_ms, to_ms) == naive([(at, 1) for at in range(2 * count)], from_ms, to_ms)
