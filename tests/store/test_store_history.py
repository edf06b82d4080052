"""What every store tells of settled payments beside the worker: sums, rows from an instant on, and its history."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from actors.facts import PaymentSettled, PaymentsPurged, PaymentTaken, SpanSum
from actors.ports import SUM_MS, StoreUnavailable
from actors.values import LedgerRow, Totals
from rinha.store import marks
from rinha.store.postgres import store as postgres
from rinha.store.sqlite import store as sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actors.ports import History, Store
    from tests.store.conftest import Place, PostgresPlace, SqlitePlace
    from tests.store.postgres_server import PostgresServer

NOON_MS = 1_753_574_400_000


def payment_id(number: int) -> bytes:
    return number.to_bytes(16)


def settled(number: int, at_ms: int, processor: str = "default", cents: int = 10, epoch: int = 0) -> PaymentSettled:
    return PaymentSettled(payment_id(number), processor, cents, at_ms, epoch)


def row(fact: PaymentSettled) -> LedgerRow:
    return LedgerRow(fact.payment_id, fact.processor, fact.amount_cents, fact.requested_at_ms)


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


@pytest.fixture
def history(store: Store) -> Iterator[History]:
    store.epoch()
    with closing(store.history()) as history:
        yield history


def test_sums_are_by_minute_and_processor_in_order_of_time(store: Store) -> None:
    store.append([settled(1, NOON_MS + 60_000), settled(2, NOON_MS + 59_999, cents=20), settled(3, NOON_MS)])
    store.append(
        [settled(4, NOON_MS + 1, "fallback"), settled(5, NOON_MS + 30_000), settled(6, -1), settled(7, -60_001)]
    )
    assert list(store.sums()) == [
        SpanSum("default", -120_000, 1, 10),
        SpanSum("default", -60_000, 1, 10),
        SpanSum("default", NOON_MS, 3, 40),
        SpanSum("fallback", NOON_MS, 1, 10),
        SpanSum("default", NOON_MS + 60_000, 1, 10),
    ]


def test_sums_are_a_sequence(store: Store) -> None:
    store.append([settled(number, NOON_MS + number * SUM_MS) for number in range(4)])
    sums = store.sums()
    assert len(sums) == 4
    assert sums[-1] == SpanSum("default", NOON_MS + 3 * SUM_MS, 1, 10) == list(sums)[3]
    assert list(sums[1:3]) == [sums[1], sums[2]]
    with pytest.raises(IndexError):
        sums[4]


def test_a_row_counts_once_however_often_it_comes(store: Store) -> None:
    first, second = settled(1, NOON_MS), settled(2, NOON_MS)
    store.append([first, first])
    store.append([first, second])
    store.append([settled(1, NOON_MS + 60_000), settled(2, NOON_MS, "fallback"), second])
    assert list(store.sums()) == [SpanSum("default", NOON_MS, 2, 20)]


def test_sums_of_an_earlier_epoch_do_not_count_and_go_little_by_little(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sqlite, postgres):
        monkeypatch.setattr(module, "PRUNED_ROWS", 3)
    store.append([settled(number, NOON_MS + number * SUM_MS) for number in range(20)])
    store.append([PaymentsPurged(1), settled(1, NOON_MS, epoch=1), settled(2, NOON_MS)])
    for number in range(40):
        store.append([PaymentTaken(payment_id(number), 1, 1), settled(9, NOON_MS)])
        assert list(store.sums()) == [SpanSum("default", NOON_MS, 1, 10)]
    place.close()
    assert list(place.open_when_free().sums()) == [SpanSum("default", NOON_MS, 1, 10)]


@pytest.mark.parametrize("chunk", [3, 1000])
def test_rows_from_an_instant_on_come_in_the_order_of_settling(
    store: Store, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    for module in (sqlite, postgres):
        monkeypatch.setattr(module, "CHUNK_ROWS", chunk)
    store.append([settled(100, NOON_MS + 99), PaymentsPurged(1)])
    facts = [settled(number, NOON_MS + random.randrange(20), epoch=1) for number in range(40)]
    store.append(facts)
    from_ms = NOON_MS + 10
    chunks = list(store.settled(from_ms))
    assert [each for chunk in chunks for each in chunk] == [
        (each.payment_id, 10, "default", 10, each.requested_at_ms)
        for each in facts
        if each.requested_at_ms >= NOON_MS + 10
    ]
    assert max(map(len, chunks)) <= chunk
    assert list(store.settled(NOON_MS + 20)) == []


SECOND = [settled(number, NOON_MS + at_ms) for number, at_ms in enumerate((-1, 0, 1, 500, 999, 1000, 1500, 1999, 2000))]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 1000),  # a whole second
        (1, 999),  # a part of one
        (500, 501),
        (1, 1000),  # up to its end
        (0, 999),
        (500, 1500),  # no whole second
        (999, 1001),
        (1, 2001),  # a whole one between two parts
        (-1, 2000),
        (0, 60_000),
        (500, 500),
        (501, 500),
    ],
)
def test_a_span_has_each_payment_in_it_once(store: Store, history: History, start: int, end: int) -> None:
    store.append(SECOND)
    expected = sum(start <= each.requested_at_ms - NOON_MS < end for each in SECOND)
    found = history.totals(0, [(NOON_MS + start, NOON_MS + end)])
    assert found == ({"default": Totals(expected, 10 * expected)} if expected else {})


def test_spans_add_up(store: Store, history: History) -> None:
    store.append([*SECOND, settled(50, NOON_MS, "fallback", 2**63 - 1)])
    store.append([settled(51, NOON_MS, "fallback", 2**63 - 1)])
    found = history.totals(0, [(NOON_MS, NOON_MS + 1), (NOON_MS + 1000, NOON_MS + 2000), (-(2**70), -(2**69))])
    assert found == {"default": Totals(4, 40), "fallback": Totals(2, 2**64 - 2)}
    assert history.totals(0, []) == {}


def test_a_history_tells_what_was_committed_when_it_is_asked_and_of_the_present_epoch_alone(
    store: Store, history: History
) -> None:
    assert history.rows(0, 0, 10) == []
    store.append([settled(1, NOON_MS)])
    assert history.rows(0, 0, 10) == [row(settled(1, NOON_MS))]
    assert history.row(0, payment_id(1)) == row(settled(1, NOON_MS))
    assert history.row(0, payment_id(2)) is None
    for epoch in (-1, 1):
        assert history.totals(epoch, [(NOON_MS, NOON_MS + 5)]) is None
        assert history.rows(epoch, 0, 10) is None
        assert history.row(epoch, payment_id(1)) is None
    store.append([settled(2, NOON_MS, epoch=1)])
    assert history.rows(0, 0, 10) is None
    assert history.row(0, payment_id(1)) is None
    assert history.row(1, payment_id(1)) is None
    assert history.rows(1, 0, 10) == [row(settled(2, NOON_MS))]
    assert history.totals(1, [(NOON_MS, NOON_MS + 5)]) == {"default": Totals(1, 10)}


def pages(history: History, size: int, count: int) -> Sequence[LedgerRow]:
    found: list[LedgerRow] = []
    while page := history.rows(1, len(found), size):
        assert len(page) <= size
        found += page
        assert len(found) <= count
    return found


def test_pages_follow_each_other_wherever_they_begin(
    store: Store, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "KEPT", 4)
    facts = [settled(number, NOON_MS - number, epoch=1) for number in range(60)]
    store.append([settled(99, NOON_MS), PaymentsPurged(1)])
    for fact in facts:
        store.append([fact, fact])  # one that comes again may leave a gap in the order
    rows = [row(fact) for fact in facts]
    assert pages(history, 7, 60) == rows
    for start in random.choices(range(61), k=30):
        assert history.rows(1, start, 5) == rows[start : start + 5]
    assert pages(history, 13, 60) == rows
    store.append([settled(60, NOON_MS, epoch=1)])
    assert history.rows(1, 60, 5) == [row(settled(60, NOON_MS, epoch=1))]


def test_rows_of_an_earlier_epoch_that_are_there_still_are_not_told(
    store: Store, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sqlite, postgres):
        monkeypatch.setattr(module, "PRUNED_ROWS", 1)
    store.append([settled(number, NOON_MS) for number in range(40)])
    assert len(history.rows(0, 0, 10) or []) == 10
    assert len(history.rows(0, 10, 10) or []) == 10
    facts = [settled(number, NOON_MS, epoch=1) for number in range(100, 103)]
    store.append([PaymentsPurged(1), *facts])
    assert history.rows(1, 0, 2) == [row(fact) for fact in facts[:2]]
    assert history.rows(1, 10, 2) == []
    assert history.row(1, payment_id(39)) is None
    assert history.row(0, payment_id(39)) is None
    assert history.totals(1, [(NOON_MS, NOON_MS + 1)]) == {"default": Totals(3, 30)}


def sums_of_epoch_0(place: Place) -> int:
    count = "SELECT count(*) FROM {}settled_sums WHERE epoch = 0"
    if place.url.startswith("sqlite"):
        with closing(sqlite3.connect(place.url.removeprefix("sqlite:///"))) as connection:
            return int(connection.execute(count.format("")).fetchone()[0])
    with psycopg.connect(place.url) as session:
        found = session.execute(count.format("rinha.").encode()).fetchone()
        assert found is not None
        return int(found[0])


def test_sums_of_an_earlier_epoch_give_their_space_back(
    place: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sqlite, postgres):
        monkeypatch.setattr(module, "PRUNED_ROWS", 1)
    store.append([settled(number, NOON_MS + number * SUM_MS) for number in range(9)])
    assert sums_of_epoch_0(place) == 18
    store.append([PaymentsPurged(1)])
    left = [18]
    while left[-1]:
        store.append([settled(len(left), NOON_MS, epoch=1)])
        left.append(sums_of_epoch_0(place))
        assert left[-1] < left[-2]
    assert len(left) > 3


def test_a_history_outlives_its_close_or_says_that_it_is_closed(store: Store) -> None:
    store.append([settled(1, NOON_MS)])
    history = store.history()
    history.rows(0, 0, 1)
    for _ in range(2):
        history.close()
        history.close()
        try:
            assert history.rows(0, 0, 1) == [row(settled(1, NOON_MS))]
        except StoreUnavailable as error:
            assert "closed" in str(error)
    history.close()


def test_a_history_that_is_open_holds_up_no_worker(place: Place, store: Store, history: History) -> None:
    store.append([settled(1, NOON_MS)])
    assert history.rows(0, 0, 1)
    store.close()
    again = place.open_when_free()
    again.append([settled(2, NOON_MS)])
    assert len(history.rows(0, 0, 9) or []) == 2


def test_a_journal_that_is_not_there_is_unavailable(sqlite_place: SqlitePlace) -> None:
    history = sqlite_place.open().history()
    with pytest.raises(StoreUnavailable):
        history.rows(0, 0, 1)
    assert not sqlite_place.path.exists()
    store = sqlite_place.open()
    store.append([settled(1, NOON_MS)])
    assert len(history.rows(0, 0, 9) or []) == 1
    moved = sqlite_place.path.rename(sqlite_place.path.with_suffix(".moved"))
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            history.row(0, payment_id(1))
    moved.rename(sqlite_place.path)
    assert history.row(0, payment_id(1)) is not None
    history.close()


def test_a_history_of_no_worker_is_unavailable(postgres_place: PostgresPlace) -> None:
    unknown = postgres_place.open()
    with pytest.raises(StoreUnavailable, match="no journal"):
        unknown.history().rows(0, 0, 1)


def test_a_lost_connection_is_made_again(own_postgres: PostgresServer) -> None:
    from rinha.store.open import open_store
    from rinha.store.url import parse_store_url

    with closing(open_store(parse_store_url(own_postgres.url))) as store:
        store.append([settled(1, NOON_MS)])
        with closing(store.history()) as history:
            assert history.row(0, payment_id(1)) is not None
            own_postgres.stop()
            for _ in range(2):
                with pytest.raises(StoreUnavailable):
                    history.totals(0, [(0, 1)])
            own_postgres.start()
            assert history.row(0, payment_id(1)) is not None
