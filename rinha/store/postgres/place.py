"""A worker's place among the shards: the lock of one journal, held for as long as the connection lasts."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from actors.ports import StandingBy, StoreBroken, StoreUnavailable
from rinha.store.postgres import schema as sql
from rinha.store.postgres.connection import scalar

if TYPE_CHECKING:
    import uuid

    import psycopg

    from rinha.store.postgres.silence import Silence

logger = logging.getLogger(__name__)

LOCK_TIMEOUT_MS = 1000
"""For how long a session waits for a lock: one just closed, or of a worker just killed, ends within milliseconds."""


def take_place(
    connection: psycopg.Connection, writer: uuid.UUID, shards: int, shard: int | None, *, first: bool
) -> int:
    """Take a journal's lock, and go into its schema.

    Args:
        connection: in autocommit mode.
        writer: the store that will write.
        shards: how many journals there are, each with a lock of its own.
        shard: which of them it held before; None for any that is free.
        first: it has not written before; if it has, nobody else may have written since.

    Returns:
        The shard.

    Raises:
        StandingBy: other workers hold all of them.
        StoreUnavailable: another worker holds the lock of the one that it held.
        StoreBroken: another worker has written that one meanwhile.
        psycopg.Error: see ``connection.translate``.
    """
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


def end_silent(connection: psycopg.Connection, silence: Silence, shards: int) -> None:
    """End the connections of workers that hold a shard and have been silent for long.

    Args:
        connection: of one that stands by.
        silence: what it has seen of the others.
        shards: how many journals there are.

    Raises:
        psycopg.Error: see ``connection.translate``.
    """
    import psycopg

    signs: dict[int, tuple[str, int]] = {}
    for shard in range(shards):
        schema = sql.schema_name(shard, shards)
        if scalar(connection, sql.EXISTS, schema):
            row = None
            with contextlib.suppress(psycopg.errors.UndefinedColumn):  # a worker of an earlier version holds it
                row = connection.execute(sql.ALIVE.format(schema=schema).encode()).fetchone()
            if row is not None:
                signs[shard] = (row[0], row[1])
    for shard in silence.look(signs):
        logger.warning("store.worker_silent", extra={"shard": shard, "alive_at": signs[shard][0]})
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):  # that of another role
            scalar(connection, sql.TERMINATE, signs[shard][1])


def _try_lock(connection: psycopg.Connection, shard: int, shards: int) -> bool:
    if shards == 1:
        return bool(scalar(connection, sql.TRY_LOCK, sql.LOCK_KEY))
    return bool(scalar(connection, sql.LOCK_SHARD, sql.LOCK_KEY, shard))


def _enter(connection: psycopg.Connection, shard: int, shards: int) -> None:
    connection.execute(f"SET search_path = {sql.schema_name(shard, shards)}".encode())


def _check_writer(connection: psycopg.Connection, writer: uuid.UUID, schema: str) -> None:
    if scalar(connection, sql.EXISTS, schema) and scalar(connection, sql.WRITER) not in {writer, None}:
        raise StoreBroken("another worker has written the journal in PostgreSQL since this one lost its connection")


def _lock(connection: psycopg.Connection) -> None:
    import psycopg

    connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}".encode())
    try:
        connection.execute(sql.LOCK, (sql.LOCK_KEY,))
    except psycopg.errors.LockNotAvailable as error:
        text = "the journal in PostgreSQL is in use by another worker, or by a session just lost"
        raise StoreUnavailable(text) from error
