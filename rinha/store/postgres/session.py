"""A connection to a journal in PostgreSQL: ours alone, of our version, and synced.

psycopg is imported by the calls that need it: it is optional, and brings asyncio with it.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from actors.ports import StandingBy, StoreBroken, StoreUnavailable
from rinha.store.postgres import schema as sql
from rinha.store.postgres.versions import LATEST, STATEMENT_TIMEOUT_MS, bring_forward

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    import psycopg

    from rinha.store.postgres.silence import Silence
    from rinha.store.postgres.url import PostgresUrl

_Connection = TypeVar("_Connection", bound="psycopg.Connection[Any]")

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5
LOCK_TIMEOUT_MS = 1000
"""For how long a session waits for a lock: one just closed, or of a worker just killed, ends within milliseconds."""

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


class Session(NamedTuple):
    """A connection in autocommit mode that holds its journal's lock.

    Args:
        connection: the connection.
        epoch: the present epoch.
        journal_id: the journal's.
        shard: which of several journals it is; 0 if there is but one.
    """

    connection: psycopg.Connection
    epoch: int
    journal_id: bytes
    shard: int


def connect_plainly(url: PostgresUrl) -> psycopg.Connection:
    """A connection in autocommit mode, with the timeouts of a journal's, and no more.

    Raises:
        psycopg.Error: there is none.
    """
    import psycopg

    return connect_as(psycopg.Connection, url)


def connect_as(kind: type[_Connection], url: PostgresUrl, settings: Sequence[str] = ()) -> _Connection:
    """The same of a class of its own.

    Args:
        kind: the class.
        url: of the database.
        settings: statements that set more than a journal's connections have.
    """
    from psycopg.conninfo import make_conninfo

    connection = kind.connect(make_conninfo("", **{**_CLIENT, **url.parameters}), autocommit=True)
    try:
        for setting in (*_SETTINGS, *settings):
            connection.execute(setting.encode())
    except BaseException:
        connection.close()
        raise
    return connection


def connect(
    url: PostgresUrl,
    writer: uuid.UUID,
    *,
    first: bool,
    shards: int = 1,
    shard: int | None = None,
    silence: Silence | None = None,
) -> Session:
    """Connect, take the lock, and check what is there; make the tables in a database that has none.

    Args:
        url: of the database.
        writer: the store that will write.
        first: it has not written before; if it has, nobody else may have written since.
        shards: how many journals there are, each with a lock of its own.
        shard: which of them it held before; None for any that is free.
        silence: where workers stand by: tells which of those that hold a journal have been silent for long. These
            connections are ended, so that the next call finds a place.

    Raises:
        StandingBy: other workers hold all of them.
        StoreUnavailable: the server is away or refuses, or another worker holds the lock.
        StoreBroken: what is there is of a newer version or not ours, or another worker has written meanwhile.
    """
    import psycopg

    try:
        connection = connect_plainly(url)
    except psycopg.Error as error:
        raise translate(error) from error
    try:
        if shards == 1 and silence is None:
            shard = 0
        try:
            held = _take_place(connection, writer, shards, shard, first=first)
        except StandingBy:
            if silence is not None:
                _end_silent(connection, silence, shards)
            raise
        if _scalar(connection, "SHOW fsync") != "on":
            logger.warning("store.server_does_not_sync", extra={"setting": "fsync"})
        epoch, journal_id = _claim(connection, writer, sql.schema_name(held, shards), shards, first=first)
        return Session(connection, epoch, journal_id, held)
    except psycopg.Error as error:
        connection.close()
        raise translate(error) from error
    except BaseException:
        connection.close()
        raise


def _scalar(connection: psycopg.Connection, statement: str, *values: object) -> object:
    row = connection.execute(statement.encode(), values).fetchone()
    return None if row is None else row[0]


def _take_place(
    connection: psycopg.Connection, writer: uuid.UUID, shards: int, shard: int | None, *, first: bool
) -> int:
    """Take a journal's lock, and go into its schema; returns the shard."""
    if shard is None:
        held = next((each for each in range(shards) if _try_lock(connection, each, shards)), None)
        if held is None:
            what = "the shard has" if shards == 1 else f"all {shards} shards have"
            raise StandingBy(f"{what} a worker: this one stands by")
        _enter(connection, held, shards)
        return held
    _enter(connection, shard, shards)
    if not first:
        # Who has lost its place to another worker would wait for the lock for as long as that one lives.
        _check_writer(connection, writer, sql.schema_name(shard, shards))
    if shards == 1:
        _lock(connection)
    elif not _try_lock(connection, shard, shards):
        raise StoreUnavailable(f"shard {shard} is in use by another worker, or by a session just lost")
    return shard


def _try_lock(connection: psycopg.Connection, shard: int, shards: int) -> bool:
    if shards == 1:
        return bool(_scalar(connection, sql.TRY_LOCK, sql.LOCK_KEY))
    return bool(_scalar(connection, sql.LOCK_SHARD, sql.LOCK_KEY, shard))


def _end_silent(connection: psycopg.Connection, silence: Silence, shards: int) -> None:
    """End the connections of workers that hold a shard and have been silent for long."""
    import psycopg

    signs: dict[int, tuple[str, int]] = {}
    for shard in range(shards):
        schema = sql.schema_name(shard, shards)
        if _scalar(connection, sql.EXISTS, schema):
            row = None
            with contextlib.suppress(psycopg.errors.UndefinedColumn):  # a worker of an earlier version holds it
                row = connection.execute(sql.ALIVE.format(schema=schema).encode()).fetchone()
            if row is not None:
                signs[shard] = (row[0], row[1])
    for shard in silence.look(signs):
        logger.warning("store.worker_silent", extra={"shard": shard, "alive_at": signs[shard][0]})
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):  # that of another role
            _scalar(connection, sql.TERMINATE, signs[shard][1])


def _enter(connection: psycopg.Connection, shard: int, shards: int) -> None:
    connection.execute(f"SET search_path = {sql.schema_name(shard, shards)}".encode())


def _check_writer(connection: psycopg.Connection, writer: uuid.UUID, schema: str) -> None:
    if _scalar(connection, sql.EXISTS, schema) and _scalar(connection, sql.WRITER) not in {writer, None}:
        raise StoreBroken("another worker has written the journal in PostgreSQL since this one lost its connection")


def _lock(connection: psycopg.Connection) -> None:
    import psycopg

    connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}".encode())
    try:
        connection.execute(sql.LOCK, (sql.LOCK_KEY,))
    except psycopg.errors.LockNotAvailable as error:
        text = "the journal in PostgreSQL is in use by another worker, or by a session just lost"
        raise StoreUnavailable(text) from error


def _claim(
    connection: psycopg.Connection, writer: uuid.UUID, schema: str, shards: int, *, first: bool
) -> tuple[int, bytes]:
    with connection.transaction():
        if not _scalar(connection, sql.EXISTS, schema):
            if not first:
                raise StoreBroken(f"the journal in PostgreSQL has gone: its schema, {schema}, is not there any more")
            if other := _scalar(connection, sql.OTHERS, shards == 1):
                raise StoreBroken(
                    f"the database holds a journal for another number of shards (schema {other}), and RINHA_SHARDS is "
                    f"{shards}: set it to what it was, or name another database; it was left as it is"
                )
            bring_forward(connection, 0, schema=schema)
            connection.execute(sql.NOTE_SHARDS, (shards,))
            logger.warning("store.new_journal", extra={"path": f"{connection.info.host}/{connection.info.dbname}"})
        rows = connection.execute(sql.JOURNAL).fetchall()
        if len(rows) != 1:
            raise StoreBroken(
                f"the journal in PostgreSQL is damaged: {schema}.journal must have one row; it was left as it is"
            )
        version, epoch, last_writer = rows[0]
        if not 0 < version <= LATEST:
            raise StoreBroken(
                f"the journal in PostgreSQL is of version {version}, this program knows 1 to {LATEST}: "
                "start a program that is as new as the one that wrote it; it was left as it is"
            )
        if not first and last_writer != writer:
            raise StoreBroken("another worker has written the journal in PostgreSQL since this one lost its connection")
        if version < LATEST:
            bring_forward(connection, version, schema=schema)
            logger.info("store.brought_forward", extra={"from": version, "to": LATEST})
        if (made_for := _scalar(connection, sql.SHARDS)) != shards:
            raise StoreBroken(
                f"the journal in PostgreSQL was made for {made_for} shards, and RINHA_SHARDS is {shards}: a payment's "
                "shard would be another one; it was left as it is"
            )
        # Also looks whether the tables are there, and may be written.
        connection.execute(sql.OPEN + " LIMIT 1", (epoch,))
        connection.execute(sql.SETTLED, (0, 1))
        connection.execute(sql.CLAIM, (writer,))
        journal_id = _scalar(connection, sql.JOURNAL_ID)
    return int(epoch), cast("uuid.UUID", journal_id).bytes


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
