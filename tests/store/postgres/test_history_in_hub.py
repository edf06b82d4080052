"""A question about old payments in PostgreSQL holds up nobody but whoever asked."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, cast

import gevent
import psycopg
import pytest

from actors.facts import PaymentSettled
from actors.ports import StoreUnavailable
from actors.values import LedgerRow
from rinha.store.gevent_history import GeventHistory
from rinha.store.in_turn import InTurn
from rinha.store.postgres.waiting import Connector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.ports import History, Store
    from tests.store.conftest import PostgresPlace

ID = b"1" * 16
ROW = LedgerRow(ID, "default", 10, 1000)
PATIENCE_S = 30


@pytest.fixture
def store(postgres_place: PostgresPlace) -> Store:
    store = postgres_place.open()
    store.append([PaymentSettled(ID, "default", 10, 1000, 0)])
    return store


@pytest.fixture
def history(store: Store) -> Iterator[History]:
    with closing(store.history()) as history:
        yield history


@contextmanager
def server_that_stands_still(place: PostgresPlace) -> Iterator[None]:
    """Nobody gets an answer about settled payments meanwhile."""
    with psycopg.connect(place.url) as connection:
        connection.execute("LOCK TABLE rinha.settled_payments IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def test_others_go_on_while_it_waits(postgres_place: PostgresPlace, history: History) -> None:
    assert history.row(0, ID) == ROW
    with server_that_stands_still(postgres_place):
        asked = gevent.spawn(history.row, 0, ID)
        for _ in range(100):
            gevent.sleep(0.001)
        assert not asked.ready()
    assert asked.get(timeout=PATIENCE_S) == ROW


def test_the_first_one_connects_and_others_go_on_meanwhile(history: History) -> None:
    turns = 0
    asked = gevent.spawn(history.row, 0, ID)
    while not asked.ready():
        turns += 1
        gevent.sleep(0.0001)
    assert asked.get() == ROW
    assert turns > 2


def test_after_one_that_was_given_up_the_next_connects_again(
    postgres_place: PostgresPlace, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    history = GeventHistory(store.history(), InTurn(), timeout_s=0.1)
    assert history.row(0, ID) == ROW
    with server_that_stands_still(postgres_place), pytest.raises(StoreUnavailable, match="has not answered"):
        history.row(0, ID)
    answer = None
    with gevent.Timeout(PATIENCE_S):
        while answer is None:
            gevent.sleep(0.01)
            try:
                answer = history.row(0, ID)
            except StoreUnavailable as error:
                assert "ask again soon" in str(error)  # it is raised for as long as nobody is let in
    assert answer == ROW
    assert caplog.records == []
    history.close()


def test_several_at_a_time_have_their_turns(store: Store) -> None:
    with closing(GeventHistory(store.history(), InTurn())) as history:
        asked = [gevent.spawn(history.row, 0, ID) for _ in range(10)]
        assert [each.get(timeout=PATIENCE_S) for each in asked] == [ROW] * 10


class Late:
    """A connection that is there only when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.closed = threading.Event()
        self.made = 0

    def connect(self) -> psycopg.Connection:
        assert self.let.wait(PATIENCE_S)
        self.made += 1
        return cast("psycopg.Connection", self)  # closing it is all that is done with it

    def close(self) -> None:
        self.closed.set()


def test_a_connection_that_comes_late_is_the_next_callers() -> None:
    late = Late()
    connector = Connector(late.connect)
    waiting = gevent.spawn(connector.connect)
    gevent.sleep(0.01)
    waiting.kill()
    late.let.set()
    assert connector.connect() is cast("psycopg.Connection", late)
    assert (late.made, late.closed.is_set()) == (1, False)


def test_one_that_nobody_waits_for_any_more_is_closed() -> None:
    late = Late()
    connector = Connector(late.connect)
    waiting = gevent.spawn(connector.connect)
    gevent.sleep(0.01)
    waiting.kill()
    connector.close()
    late.let.set()
    with gevent.Timeout(PATIENCE_S):
        while not late.closed.is_set():
            gevent.sleep(0.001)


def test_after_one_that_failed_another_is_made() -> None:
    late, errors = Late(), [psycopg.OperationalError("away")]

    def connect() -> psycopg.Connection:
        if errors:
            raise errors.pop()
        return late.connect()

    late.let.set()
    connector = Connector(connect)
    with pytest.raises(psycopg.OperationalError, match="away"):
        connector.connect()
    assert connector.connect() is cast("psycopg.Connection", late)
