"""A session with a journal in PostgreSQL: the connection, a place that is ours alone, and tables of our version."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple, cast

from actors.ports import StandingBy, StoreBroken
from rinha.store.postgres import schema as sql
from rinha.store.postgres.connection import connect_plainly, scalar, translate
from rinha.store.postgres.place import end_silent, take_place
from rinha.store.postgres.versions import LATEST, bring_forward

if TYPE_CHECKING:
    import uuid

    import psycopg

    from rinha.store.postgres.silence import Silence
    from rinha.store.postgres.url import PostgresUrl

logger = logging.getLogger(__name__)


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
            held = take_place(connection, writer, shards, shard, first=first)
        except StandingBy:
            if silence is not None:
                end_silent(connection, silence, shards)
            raise
        if scalar(connection, "SHOW fsync") != "on":
            logger.warning("store.server_does_not_sync", extra={"setting": "fsync"})
        epoch, journal_id = _claim(connection, writer, sql.schema_name(held, shards), shards, first=first)
        return Session(connection, epoch, journal_id, held)
    except psycopg.Error as error:
        connection.close()
        raise translate(error) from error
    except BaseException:
        connection.close()
        raise


def _claim(
    connection: psycopg.Connection, writer: uuid.UUID, schema: str, shards: int, *, first: bool
) -> tuple[int, bytes]:
    with connection.transaction():
        if not scalar(connection, sql.EXISTS, schema):
            if not first:
                raise StoreBroken(f"the journal in PostgreSQL has gone: its schema, {schema}, is not there any more")
            if other := scalar(connection, sql.OTHERS, shards == 1):
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
        if (made_for := scalar(connection, sql.SHARDS)) != shards:
            raise StoreBroken(
                f"the journal in PostgreSQL was made for {made_for} shards, and RINHA_SHARDS is {shards}: a payment's "
                "shard would be another one; it was left as it is"
            )
        # Also looks whether the tables are there, and may be written.
        connection.execute(sql.OPEN + " LIMIT 1", (epoch,))
        connection.execute(sql.SETTLED, (0, 1))
        connection.execute(sql.CLAIM, (writer,))
        journal_id = scalar(connection, sql.JOURNAL_ID)
    return int(epoch), cast("uuid.UUID", journal_id).bytes
