"""What is in the journals of a database in PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.ports import SUM_MS, StoreBroken, StoreUnavailable
from actors.values import Totals
from rinha.store.postgres import schema as sql
from rinha.store.postgres.connection import connect_plainly, translate
from rinha.store.postgres.versions import LATEST
from rinha.store.report import JournalReport, earlier_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from rinha.store.postgres.url import PostgresUrl


def read_reports(url: PostgresUrl) -> Sequence[JournalReport]:
    """Read what is in each journal, in one transaction that only reads.

    Args:
        url: of the database.

    Raises:
        StoreUnavailable, StoreBroken: as ``rinha.store.open.read_reports``.
    """
    import psycopg

    try:
        with connect_plainly(url) as connection:
            connection.execute("SET default_transaction_isolation = 'repeatable read'")
            connection.execute("SET default_transaction_read_only = on")
            with connection.transaction():
                return [_read(connection, schema) for schema in find_schemas(connection)]
    except psycopg.Error as error:
        meaning = translate(error)
        raise StoreUnavailable(str(meaning)) if isinstance(meaning, ValueError) else meaning from error


def find_schemas(connection: psycopg.Connection) -> Sequence[str]:
    """The schemas of all journals in a database, in the order of their shards.

    Args:
        connection: to the database.

    Raises:
        StoreBroken: there is none.
        psycopg.Error: it can't tell.
    """
    schemas = [name for (name,) in connection.execute(sql.SCHEMAS)]
    if not schemas:
        raise StoreBroken(f"there is no journal in the database {connection.info.dbname}")
    return schemas


def _read(connection: psycopg.Connection, schema: str) -> JournalReport:
    info = connection.info
    where = f"{info.host}:{info.port}/{info.dbname} {schema}"
    connection.execute(f"SET LOCAL search_path = {schema}".encode())
    version, epoch, _ = _row(connection, sql.JOURNAL)
    if version < LATEST:
        raise StoreUnavailable(earlier_version(where, version, LATEST))
    if version > LATEST:
        raise StoreBroken(f"the journal {where} is of version {version}, and this program knows 1 to {LATEST}")
    sums = connection.execute(sql.SUMS_BY_PROCESSOR, (epoch, SUM_MS))
    rows, oldest_ms, newest_ms, open_, written_off = _row(connection, sql.COUNTS, *[epoch] * 5)
    return JournalReport(
        "postgresql",
        where,
        version,
        _row(connection, sql.JOURNAL_ID)[0].bytes,
        epoch,
        {"tables": int(_row(connection, sql.SIZE, schema)[0])},
        {name: Totals(int(payments), int(cents)) for name, payments, cents in sums},
        rows,
        oldest_ms,
        newest_ms,
        open_,
        written_off,
        _row(connection, sql.EPOCH)[1],
    )


def _row(connection: psycopg.Connection, statement: str, *values: object) -> tuple[Any, ...]:
    row = connection.execute(statement.encode(), values).fetchone()
    if row is None:
        raise StoreBroken("the journal in PostgreSQL is damaged: its table journal must have one row")
    return row
