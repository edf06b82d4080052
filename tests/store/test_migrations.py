"""A journal that an earlier program wrote is brought forward where it stands, or left as it was."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from actors.facts import Known, OpenPayment, PaymentTaken, SpanSum
from actors.ports import StoreUnavailable
from actors.values import Payment, Totals
from rinha.store.postgres import versions as postgres_versions
from rinha.store.sqlite import versions as sqlite_versions

if TYPE_CHECKING:
    from actors.ports import Store
    from tests.store.conftest import Place, PostgresPlace, SqlitePlace
    from tests.store.postgres_server import PostgresServer

JOURNALS = Path(__file__).parent / "journals"
AT_MS = 1_753_574_400_000


def payment_id(number: int) -> bytes:
    return number.to_bytes(16)


def holds_what_it_held(store: Store) -> None:
    """What was written into ``journals/version-1``: two epochs, three settled payments, three open ones."""
    assert store.epoch() == 1
    assert [row for chunk in store.settled() for row in chunk] == [
        (payment_id(1), 1991, "default", 1991, AT_MS + 1),
        (payment_id(3), 1993, "default", 1900, AT_MS + 33),
    ]
    assert store.open()[:3] == [
        OpenPayment(Payment(payment_id(2), 1992), "fallback", AT_MS + 2),
        OpenPayment(Payment(payment_id(4), 1994), "", 0),
        OpenPayment(Payment(payment_id(5), 1995), "", 0),
    ]


def has_the_right_sums(store: Store) -> None:
    """Of ``journals/version-4.db`` and ``version-5.sql``: two epochs, each with two processors, and several minutes."""
    assert store.epoch() == 1
    assert list(store.sums()) == [
        SpanSum("default", -60_000, 1, 1997),
        SpanSum("default", AT_MS - 60_000, 1, 1991),
        SpanSum("default", AT_MS, 2, 1992 + 1994),
        SpanSum("fallback", AT_MS, 2, 1900 + 1995),
        SpanSum("fallback", AT_MS + 60_000, 1, 1996),
    ]
    spans = [(AT_MS, AT_MS + 1000), (AT_MS + 1000, AT_MS + 1001), (-1000, 0)]
    with closing(store.history()) as history:
        assert history.totals(1, spans) == {"default": Totals(3, 1992 + 1994 + 1997), "fallback": Totals(1, 1900)}
    assert [row[0] for chunk in store.settled(AT_MS + 1000) for row in chunk] == [
        payment_id(each) for each in (4, 5, 6)
    ]
    known = [Known(payment_id(1), 1991, False), Known(payment_id(9), 1999, True)]
    assert list(store.append([PaymentTaken(payment_id(each), 7, 1) for each in (1, 8, 9)])) == known


def goes_on(place: Place) -> None:
    """It is read, written, and read again by the next worker."""
    store = place.open()
    holds_what_it_held(store)
    store.append([PaymentTaken(payment_id(6), 1996, 1)])
    store.close()
    again = place.open_when_free()
    assert list(again.sums()) == [SpanSum("default", AT_MS, 2, 1991 + 1900)]
    holds_what_it_held(again)
    assert again.open()[3:] == [OpenPayment(Payment(payment_id(6), 1996), "", 0)]


@pytest.fixture
def old_sqlite(sqlite_place: SqlitePlace) -> SqlitePlace:
    shutil.copy(JOURNALS / "version-1.db", sqlite_place.path)
    return sqlite_place


@pytest.fixture
def old_postgres(postgres_place: PostgresPlace, running_postgres: PostgresServer) -> PostgresPlace:
    running_postgres.execute((JOURNALS / "version-1.sql").read_text())
    return postgres_place


def test_sqlites_first_version_goes_on(old_sqlite: SqlitePlace) -> None:
    goes_on(old_sqlite)


def test_postgresqls_first_version_goes_on(old_postgres: PostgresPlace) -> None:
    goes_on(old_postgres)


def test_sums_are_made_of_the_rows_of_sqlites_fourth_version(sqlite_place: SqlitePlace) -> None:
    shutil.copy(JOURNALS / "version-4.db", sqlite_place.path)
    for _ in range(2):
        has_the_right_sums(sqlite_place.open())
        sqlite_place.close()


def test_sums_are_made_of_the_rows_of_postgresqls_fifth_version(
    postgres_place: PostgresPlace, running_postgres: PostgresServer
) -> None:
    running_postgres.execute((JOURNALS / "version-5.sql").read_text())
    for _ in range(2):
        has_the_right_sums(postgres_place.open_when_free())
        postgres_place.close()


def test_a_step_that_fails_in_sqlite_changes_nothing_of_its_own(
    old_sqlite: SqlitePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = sqlite_versions._STEPS
    broken = (steps[0], f"{steps[1]} INSERT INTO journal VALUES (1, 1, x'');", *steps[2:])
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_versions, "_STEPS", broken)
        connection = sqlite3.connect(old_sqlite.path, isolation_level=None)
        with pytest.raises(sqlite3.IntegrityError):
            sqlite_versions.bring_forward(connection, 1)
        assert sqlite_versions.schema_of(connection) == sqlite_versions.schema_at(1)
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        connection.close()
    goes_on(old_sqlite)


def test_a_step_that_fails_in_postgresql_changes_nothing(
    old_postgres: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = postgres_versions._STEPS
    with monkeypatch.context() as patch:
        patch.setattr(postgres_versions, "_STEPS", (steps[0], (*steps[1], "SELECT pg_sleep(-1), 1 / 0"), *steps[2:]))
        with pytest.raises(ValueError, match="division by zero"):
            old_postgres.open().epoch()
    old_postgres.close()
    goes_on(old_postgres)


def test_a_file_that_may_not_be_written_is_unavailable_and_brought_forward_later(old_sqlite: SqlitePlace) -> None:
    holder = sqlite3.connect(old_sqlite.path, isolation_level=None)
    holder.execute("PRAGMA journal_mode = WAL")
    holder.execute("BEGIN IMMEDIATE")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rinha.store.sqlite.file.BUSY_TIMEOUT_S", 0.05)
        with pytest.raises(StoreUnavailable, match="locked"):
            old_sqlite.open().epoch()
    holder.execute("ROLLBACK")
    holder.close()
    old_sqlite.close()
    goes_on(old_sqlite)
