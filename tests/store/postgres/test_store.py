"""What PostgreSQL's journal does about lost connections, lost commits, other workers and foreign tables."""

from __future__ import annotations

import signal
import socket
import threading
import uuid
from typing import TYPE_CHECKING

import pytest

from actors.facts import PaymentSettled, PaymentTaken
from actors.ports import StoreBroken, StoreUnavailable
from rinha.store.postgres import schema as postgres_schema
from rinha.store.postgres.session import connect
from rinha.store.postgres.store import PostgresStore
from rinha.store.postgres.url import parse_postgres_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.store.conftest import PostgresPlace
    from tests.store.postgres_server import PostgresServer

KILL_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rinha'"


def taken(number: int) -> PaymentTaken:
    return PaymentTaken(number.to_bytes(16), 1990, 0)


def ids(store: PostgresStore) -> list[int]:
    return [int.from_bytes(each.payment.payment_id) for each in store.open()]


@pytest.fixture
def store(postgres_place: PostgresPlace) -> Iterator[PostgresStore]:
    store = PostgresStore(parse_postgres_url(postgres_place.url))
    yield store
    store.close()


def append_until_written(store: PostgresStore, entry: PaymentTaken) -> int:
    """Returns how often it failed."""
    for failures in range(1000):
        try:
            store.append([entry])
        except StoreUnavailable:
            continue
        return failures
    raise AssertionError("never written")


@pytest.mark.parametrize(
    "statement", ["TRUNCATE rinha.journal", "DROP SCHEMA rinha CASCADE", "UPDATE rinha.journal SET writer = NULL"]
)
def test_a_journal_that_goes_under_a_worker_is_noticed_without_writing(
    store: PostgresStore, running_postgres: PostgresServer, statement: str
) -> None:
    store.append([taken(1)])
    store.check()
    running_postgres.execute(statement)
    for _ in range(2):
        with pytest.raises(StoreBroken):
            store.check()


def test_a_lost_session_is_made_anew(store: PostgresStore, running_postgres: PostgresServer) -> None:
    store.append([taken(1)])
    running_postgres.execute(KILL_ALL)
    assert append_until_written(store, taken(2)) > 0
    assert ids(store) == [1, 2]


def test_a_server_that_crashed_or_stopped_is_unavailable_until_it_is_back(own_postgres: PostgresServer) -> None:
    store = PostgresStore(parse_postgres_url(own_postgres.url))
    for number, how in enumerate((signal.SIGQUIT, signal.SIGINT)):
        store.append([taken(2 * number)])
        own_postgres.stop(how)
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="can't be used now"):
                store.append([taken(2 * number + 1)])
        own_postgres.start()
        append_until_written(store, taken(2 * number + 1))
    assert ids(store) == [0, 1, 2, 3]
    store.close()


class Cutter:
    """Stands between a store and the server's socket. Once ``cut`` is set, the bytes with the next commit are the
    store's last: they get lost (``"before"``), or the server gets them and its answer is lost (``"after"``).
    """

    def __init__(self, server: PostgresServer, directory: Path) -> None:
        self.cut: str | None = None
        self._lost = False
        self._server = str(server.directory / ".s.PGSQL.5432")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / ".s.PGSQL.5432"))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, socket.socket(socket.AF_UNIX) as server:
                server.connect(self._server)
                self._carry(client, server)

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=self._carry_back, args=(server, client))
        back.start()
        while data := client.recv(65536):
            self._lost = self.cut is not None and b"COMMIT" in data
            if not self._lost or self.cut == "after":
                server.sendall(data)
            if self._lost:
                break
        server.shutdown(socket.SHUT_WR)  # the server ends its session when it has done what it got
        back.join()

    def _carry_back(self, server: socket.socket, client: socket.socket) -> None:
        while data := server.recv(65536):
            if not self._lost:
                client.sendall(data)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_an_append_cut_off_at_its_commit_is_unavailable_and_may_be_repeated(
    cut: str, postgres_place: PostgresPlace, running_postgres: PostgresServer
) -> None:
    # The path of a socket is short.
    directory = running_postgres.directory / f"cut-{cut}"
    directory.mkdir()
    cutter = Cutter(running_postgres, directory)
    store = PostgresStore(parse_postgres_url(running_postgres.url_by(directory)))
    try:
        settled = PaymentSettled(taken(1).payment_id, "default", 1, 2, 0)
        store.append([taken(1), taken(2)])
        cutter.cut = cut
        with pytest.raises(StoreUnavailable):
            store.append([settled, taken(3)])
        cutter.cut = None
        other = postgres_place.open_when_free()
        assert [each.payment.payment_id[-1] for each in other.open()] == ([1, 2] if cut == "before" else [2, 3])
        other.close()
    finally:
        store.close()
        cutter.close()


def test_a_commit_that_was_lost_on_the_way_back_is_repeated_without_harm(running_postgres: PostgresServer) -> None:
    directory = running_postgres.directory / "again"
    directory.mkdir()
    running_postgres.execute("DROP SCHEMA IF EXISTS rinha CASCADE")
    cutter = Cutter(running_postgres, directory)
    store = PostgresStore(parse_postgres_url(running_postgres.url_by(directory)))
    try:
        store.append([taken(1)])
        cutter.cut = "after"
        with pytest.raises(StoreUnavailable):
            store.append([taken(2), taken(3)])
        cutter.cut = None
        append_until_written(store, taken(2))
        assert ids(store) == [1, 2, 3]
    finally:
        store.close()
        cutter.close()


def test_one_whose_place_was_taken_meanwhile_writes_no_more(
    store: PostgresStore, postgres_place: PostgresPlace, running_postgres: PostgresServer
) -> None:
    store.append([taken(1)])
    running_postgres.execute(KILL_ALL)
    other = postgres_place.open_when_free()
    other.append([taken(2)])
    with pytest.raises(StoreUnavailable):
        store.append([taken(3)])
    with pytest.raises(StoreBroken, match="another worker has written"):
        store.append([taken(3)])  # nor does it wait for as long as that one lives
    with pytest.raises(StoreBroken, match="another worker has written"):
        store.epoch()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("UPDATE rinha.journal SET version = 99", "version 99, this program knows 1 to .*as new as"),
        ("DELETE FROM rinha.journal", "must have one row"),
        ("DROP TABLE rinha.journal", "not ours"),
        ("DROP TABLE rinha.settled_payments", "not ours"),
        ("ALTER TABLE rinha.open_payments DROP COLUMN processor", "not ours"),
    ],
)
def test_what_is_not_ours_is_refused(
    store: PostgresStore, running_postgres: PostgresServer, change: str, text: str
) -> None:
    store.append([taken(1)])
    store.close()
    running_postgres.execute(change)
    second = PostgresStore(parse_postgres_url(running_postgres.url))
    for _ in range(2):
        with pytest.raises(StoreBroken, match=text):
            second.append([taken(2)])


def test_tables_that_vanish_are_not_made_anew(store: PostgresStore, running_postgres: PostgresServer) -> None:
    store.append([taken(1)])
    running_postgres.execute(KILL_ALL, "SET client_min_messages = warning", "DROP SCHEMA rinha CASCADE")
    with pytest.raises(StoreBroken, match="is not there any more"):
        append_until_written(store, taken(2))


def test_a_server_that_may_not_be_written_is_unavailable(
    store: PostgresStore, running_postgres: PostgresServer
) -> None:
    store.append([taken(1)])
    running_postgres.execute("ALTER ROLE rinha SET default_transaction_read_only = on", KILL_ALL)
    try:
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                store.append([taken(2)])
    finally:
        running_postgres.execute("SET default_transaction_read_only = off", "ALTER ROLE rinha RESET ALL")
    append_until_written(store, taken(2))
    assert ids(store) == [1, 2]


def test_no_server_and_no_password_in_the_text() -> None:
    pytest.importorskip("psycopg")
    store = PostgresStore(parse_postgres_url("postgresql://u:s3cret@127.0.0.1:1/d"))
    with pytest.raises(StoreUnavailable, match="refused") as caught:
        store.epoch()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("statement", ["TAKE", "ATTEMPT", "CRASH", "SETTLE", "CLOSE"])
def test_an_append_looks_payments_up_one_by_one_also_by_plans_made_while_the_tables_were_empty(
    statement: str, postgres_place: PostgresPlace
) -> None:
    connection, *_ = connect(parse_postgres_url(postgres_place.url), uuid.uuid4(), first=True)
    values = {"epoch": 0, "ids": [b"0" * 16], "cents": [1], "processors": ["default"], "times": [1], "crashes": [1]}
    explain = b"EXPLAIN (COSTS OFF) " + getattr(postgres_schema, statement).encode()
    plan = "\n".join(row[0] for row in connection.execute(explain, values))
    connection.close()
    assert "(payment_id = " in plan
    assert "Join Filter" not in plan, plan
    assert "Seq Scan" not in plan, plan
