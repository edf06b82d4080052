"""Journals with a long history, made by the databases themselves in an earlier version, and brought forward."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import psycopg

from rinha.store.postgres import versions as postgres_versions
from rinha.store.sqlite import versions as sqlite_versions

if TYPE_CHECKING:
    from pathlib import Path

PER_S = 500
CENTS = 1990
BEFORE_SUMS_SQLITE, BEFORE_SUMS_POSTGRES = 4, 5
"""The last versions without sums: the step after them makes those of all rows."""

_SQLITE = """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1)
INSERT INTO settled_payments (epoch, payment_id, taken_cents, processor, settled_cents, requested_at_ms)
SELECT 0, CAST(printf('%016d', n) AS BLOB), ?3, iif(n % 10, 'default', 'fallback'), ?3, ?2 + n * 1000 / ?4 FROM numbers
"""
_POSTGRES = """
INSERT INTO settled_payments (epoch, payment_id, taken_cents, processor, settled_cents, requested_at_ms)
SELECT 0, convert_to(lpad(n::text, 16, '0'), 'UTF8'), %(cents)s,
    CASE WHEN n %% 10 = 0 THEN 'fallback' ELSE 'default' END, %(cents)s, %(first_ms)s + n * 1000 / %(per_s)s
FROM generate_series(0::bigint, %(payments)s - 1) AS n
"""


def payment_id(number: int) -> bytes:
    """The id of a payment in the journals, from 0."""
    return f"{number:016d}".encode("ascii")


def fill_sqlite(path: Path, payments: int, first_ms: int) -> None:
    """Make a journal of the version before sums.

    Args:
        path: the file; it isn't there yet.
        payments: how many it has, ``PER_S`` a second, every tenth at the fallback.
        first_ms: when the first was requested.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    sqlite_versions.bring_forward(connection, 0, BEFORE_SUMS_SQLITE)
    connection.execute(_SQLITE, (payments, first_ms, CENTS, PER_S))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def fill_postgres(url: str, payments: int, first_ms: int) -> None:
    """The same in PostgreSQL, in a database that has none."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path TO rinha")
        postgres_versions.bring_forward(connection, 0, BEFORE_SUMS_POSTGRES)
        connection.execute(_POSTGRES, {"payments": payments, "first_ms": first_ms, "cents": CENTS, "per_s": PER_S})
        connection.execute("ANALYZE")
