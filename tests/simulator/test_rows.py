from __future__ import annotations

from uuid import UUID

from rinha.simulator.rows import Row, Rows, Totals

A, B = UUID(int=1), UUID(int=2)


def test_an_id_commits_once_and_the_first_row_stays() -> None:
    rows = Rows()
    assert rows.insert(A.bytes, Row(1990, 5_000))
    assert not rows.insert(A.bytes, Row(1, 9_000))
    assert not rows.insert(A.bytes, Row(1990, 5_000))
    assert rows.find(A.bytes) == Row(1990, 5_000)


def test_totals_include_both_ends_of_the_window() -> None:
    rows = Rows()
    for number, at_us in enumerate((999, 1_000, 1_500, 2_000, 2_001)):
        rows.insert(UUID(int=number).bytes, Row(10**number, at_us))
    assert rows.totals(1_000, 2_000) == Totals(3, 1_110)


def test_totals_ignore_the_window_if_either_bound_is_missing() -> None:
    rows = Rows()
    rows.insert(A.bytes, Row(100, 1_000))
    rows.insert(B.bytes, Row(200, 9_000))
    assert rows.totals(None, 1_000) == rows.totals(9_000, None) == rows.totals(None, None) == Totals(2, 300)


def test_dump_tells_whole_milliseconds_as_integers_and_hides_no_microseconds() -> None:
    rows = Rows()
    rows.insert(A.bytes, Row(100, 1_752_582_896_123_000))
    rows.insert(B.bytes, Row(200, 1_752_582_896_123_500))
    assert list(rows.dump()) == [
        {"id": str(A), "amount_cents": 100, "requested_at_ms": 1_752_582_896_123},
        {"id": str(B), "amount_cents": 200, "requested_at_ms": 1_752_582_896_123.5},
    ]
    rows.clear()
    assert list(rows.dump()) == []
