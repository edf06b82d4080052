"""Several journals in one database: each worker takes one, and keeps it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from actors.facts import FeedMark, PaymentsPurged, PaymentTaken
from actors.ports import StandingBy, StoreBroken, StoreUnavailable
from rinha.store.open import open_store
from rinha.store.url import parse_store_url
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actors.ports import Store
    from tests.store.postgres_server import PostgresServer

    Open = Callable[..., Store]

KILL_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rinha'"
DROP = "DO $$ DECLARE name text; BEGIN FOR name IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rinha%' LOOP \
EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP; END $$"


def taken(number: int) -> PaymentTaken:
    return PaymentTaken(number.to_bytes(16, "big"), 100 + number, 0)


@pytest.fixture
def open_one(running_postgres: PostgresServer) -> Iterator[Open]:
    running_postgres.execute("SET client_min_messages = warning", DROP)
    opened: list[Store] = []

    def open_one(shards: int = 3, *, stands_by: bool = False) -> Store:
        opened.append(open_store(parse_store_url(running_postgres.url), shards, stands_by=stands_by))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
    running_postgres.execute("SET client_min_messages = warning", DROP)


def test_each_worker_takes_a_shard_of_its_own_and_the_next_one_stands_by(open_one: Open) -> None:
    stores = [open_one() for _ in range(3)]
    assert [each.shard() for each in stores] == [0, 1, 2]
    assert len({each.journal_id() for each in stores}) == 3
    with pytest.raises(StandingBy, match="all 3 shards have a worker"):
        open_one().shard()


def test_their_journals_are_apart(open_one: Open) -> None:
    stores = [open_one() for _ in range(3)]
    for number, each in enumerate(stores):
        each.append([taken(number)])
    stores[1].append([PaymentsPurged(1)])
    assert [each.epoch() for each in stores] == [0, 1, 0]
    assert [[payment.amount_cents for payment, *_ in each.open()] for each in stores] == [[100], [], [102]]


def test_who_stands_by_takes_the_shard_that_comes_free_with_all_that_is_in_it(open_one: Open) -> None:
    stores = [open_one() for _ in range(3)]
    assert [each.shard() for each in stores] == [0, 1, 2]
    stores[1].append([taken(7)])
    spare, journal = open_one(), stores[1].journal_id()
    with pytest.raises(StandingBy):
        spare.shard()
    stores[1].close()
    assert (spare.shard(), spare.journal_id()) == (1, journal)
    assert [payment.amount_cents for payment, *_ in spare.open()] == [107]


def test_a_lost_connection_comes_back_to_its_own_shard(open_one: Open, running_postgres: PostgresServer) -> None:
    stores = [open_one() for _ in range(3)]
    assert [each.shard() for each in stores] == [0, 1, 2]
    running_postgres.execute(KILL_ALL)
    for each in reversed(stores):
        with pytest.raises(StoreUnavailable):
            each.append([taken(1)])
    for number, each in reversed(list(enumerate(stores))):
        each.append([taken(number)])
        assert each.shard() == number


def test_who_lost_its_shard_to_another_worker_is_told_at_once(open_one: Open, running_postgres: PostgresServer) -> None:
    stores = [open_one() for _ in range(3)]
    assert [each.shard() for each in stores] == [0, 1, 2]
    running_postgres.execute(KILL_ALL)
    new = open_one()
    assert new.shard() == 0
    with pytest.raises(StoreUnavailable):
        stores[0].append([taken(1)])
    with pytest.raises(StoreBroken, match="another worker has written the journal"):
        stores[0].append([taken(1)])
    new.append([taken(2)])
    assert [payment.amount_cents for payment, *_ in new.open()] == [102]


@pytest.mark.parametrize(("first", "then"), [(3, 2), (2, 3), (3, 1), (1, 3)])
def test_another_number_of_shards_is_refused_and_nothing_is_changed(open_one: Open, first: int, then: int) -> None:
    store = open_one(first)
    store.append([taken(1)])
    shard, journal = store.shard(), store.journal_id()
    store.close()
    with pytest.raises(StoreBroken, match=f"RINHA_SHARDS is {then}"):
        open_one(then).shard()
    again = open_one(first)
    assert (again.shard(), again.journal_id()) == (shard, journal)


def test_a_single_worker_keeps_the_schema_that_it_always_had(open_one: Open, running_postgres: PostgresServer) -> None:
    store = open_one(1)
    store.append([taken(1)])
    assert store.shard() == 0
    running_postgres.execute("SELECT * FROM rinha.open_payments")


def test_each_shard_keeps_its_mark(open_one: Open) -> None:
    stores = [open_one() for _ in range(3)]
    for number, each in enumerate(stores):
        assert each.feed_mark() == FeedMark()
        each.append([PaymentsPurged(1, FeedMark("monday", 10 + number))])
    stores[1].append([PaymentsPurged(2, FeedMark("tuesday", 1))])
    stores[2].append([taken(1)])
    for each in stores:
        each.close()
    again = [open_one() for _ in range(3)]
    assert [each.feed_mark() for each in again] == [
        FeedMark("monday", 10),
        FeedMark("tuesday", 1),
        FeedMark("monday", 12),
    ]


def test_a_single_shard_has_workers_that_stand_by_too(open_one: Open) -> None:
    store = open_one(1, stands_by=True)
    assert store.shard() == 0
    spare = open_one(1, stands_by=True)
    with pytest.raises(StandingBy, match="the shard has a worker"):
        spare.shard()
    store.close()
    assert spare.shard() == 0


def test_a_worker_that_is_silent_for_long_gives_up_its_place(open_one: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rinha.store.postgres.silence.SILENT_S", 0.0)
    silent = open_one(1, stands_by=True)
    silent.append([taken(1)])
    spare = open_one(1, stands_by=True)
    with pytest.raises(StandingBy):
        spare.shard()
    assert until(spare.shard) == 0
    spare.append([taken(2)])
    with pytest.raises(StoreUnavailable):
        silent.append([taken(3)])
    with pytest.raises(StoreBroken, match="another worker has written"):
        silent.append([taken(3)])
    assert [payment.amount_cents for payment, *_ in spare.open()] == [101, 102]


def test_a_worker_that_says_that_it_is_alive_keeps_its_place(open_one: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rinha.store.postgres.silence.SILENT_S", 0.01)
    alive, spare = open_one(1, stands_by=True), open_one(1, stands_by=True)
    assert alive.shard() == 0
    for _ in range(5):
        alive.keep_place()
        with pytest.raises(StandingBy):
            spare.shard()
    alive.append([taken(1)])


def test_a_journal_of_an_earlier_version_whose_worker_runs_is_left_to_it(
    open_one: Open, running_postgres: PostgresServer
) -> None:
    assert open_one(1, stands_by=True).shard() == 0
    running_postgres.execute("ALTER TABLE rinha.journal DROP COLUMN alive_at")
    with pytest.raises(StandingBy):
        open_one(1, stands_by=True).shard()


def until(call: Callable[[], int]) -> int:
    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return call()
        except StandingBy:
            assert time.monotonic() < until_s
            time.sleep(0.05)
