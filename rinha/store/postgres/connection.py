"""A connection to PostgreSQL as a journal needs it, and what its errors mean.

psycopg is imported by the calls that need it: it is optional, and brings asyncio with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.ports import StoreBroken, StoreUnavailable
from rinha.store.postgres.versions import STATEMENT_TIMEOUT_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

    from rinha.store.postgres.url import PostgresUrl

CONNECT_TIMEOUT_S = 5

_SETTINGS = (
    f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}",
    f"SET idle_in_transaction_session_timeout = {STATEMENT_TIMEOUT_MS}",
    # When the server returns from a commit, it is on its disk (and on the synchronous standbys', if there are any).
    "SET synchronous_commit = on",
    # Plans are made while the tables are empty, and kept: they must be those for large tables, by the indexes.
    "SET enable_seqscan = off",
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
    # A plan that can't do without one of these looks so dear that it would be compiled, which takes 0.1 s.
    "SET jit = off",
    # The server lets go of the lock within 5 s when the worker's machine has vanished.
    "SET tcp_keepalives_idle = 2",
    "SET tcp_keepalives_interval = 1",
    "SET tcp_keepalives_count = 3",
)

_CLIENT: dict[str, str | int] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 5,
    "tcp_user_timeout": 15_000,
    "fallback_application_name": "rinha",
}
"""libpq's parameters; those in the URL go before these."""

_NOT_THIS_ENTRY = frozenset({"22", "23"})
"""Classes of SQLSTATE that find fault with the values: data exception, integrity constraint violation."""

_NOT_OURS_OR_DAMAGED = frozenset({"XX", "0A", "2F", "3F", "42"})
"""Internal error (XX001, XX002: damage), feature not supported, and all about schemas, tables and names."""

_NO_PERMISSION = "42501"


def connect_plainly(url: PostgresUrl, settings: Sequence[str] = ()) -> psycopg.Connection:
    """A connection in autocommit mode, with the timeouts of a journal's, and no more.

    Args:
        url: of the database.
        settings: statements that set what else it is to have.

    Raises:
        psycopg.Error: there is none.
    """
    import psycopg

    connection = psycopg.connect(psycopg.conninfo.make_conninfo("", **{**_CLIENT, **url.parameters}), autocommit=True)
    try:
        # All at once: there and back takes its time, and a question about old payments waits for it.
        connection.execute("; ".join((*_SETTINGS, *settings)).encode())
    except BaseException:
        connection.close()
        raise
    return connection


def scalar(connection: psycopg.Connection, statement: str, *values: object) -> object:
    """The first value of a statement's first row; None without one."""
    row = connection.execute(statement.encode(), values).fetchone()
    return None if row is None else row[0]


def translate(error: psycopg.Error) -> StoreUnavailable | StoreBroken | ValueError:
    """Say what an error means for the journal. Source: https://www.postgresql.org/docs/current/errcodes-appendix.html.

    What has no SQLSTATE came from libpq: no connection, or a lost one.
    """
    code = error.sqlstate or ""
    what = f"{str(error).strip()} ({code or type(error).__name__})"
    if code[:2] in _NOT_THIS_ENTRY:
        return ValueError(f"an entry can't be kept in PostgreSQL: {what}")
    if code[:2] in _NOT_OURS_OR_DAMAGED and code != _NO_PERMISSION:
        return StoreBroken(f"the journal in PostgreSQL is damaged or not ours: {what}; it was left as it is")
    return StoreUnavailable(f"the journal in PostgreSQL can't be used now: {what}")
