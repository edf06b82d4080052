"""The journal in PostgreSQL, with psycopg 3."""

from __future__ import annotations

import os
import socket
import uuid
from array import array
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from actors.facts import FeedMark, OpenPayment
from actors.ports import SUM_MS, StoreBroken
from actors.values import Payment
from rinha.store.batch import sort_entries
from rinha.store.postgres import schema as sql
from rinha.store.postgres.connection import translate
from rinha.store.postgres.history import PostgresHistory
from rinha.store.postgres.session import connect
from rinha.store.postgres.silence import Silence
from rinha.store.postgres.write import write
from rinha.store.span_sums import SpanSums

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

    from actors.facts import JournalEntry, Known, SpanSum
    from rinha.store.postgres.url import PostgresUrl

CHUNK_ROWS = 5000
"""Rows of one chunk of ``settled``: about 1 MB as Python values."""

PRUNED_ROWS = 200
"""An append removes at least so many rows of earlier epochs from each table, while there are any."""


class PostgresStore:
    """``actors.ports.Store`` in a PostgreSQL database, over one connection.

    Every call blocks its thread. The first call connects; when the connection is lost, the call fails with
    ``StoreUnavailable`` and the next one connects again. If it was lost during a commit, nobody can tell whether that
    happened: the same entries must be appended again, until that succeeds, before the payments in them are given up.
    An advisory lock keeps a second worker out; should one have written while the connection was lost, every further
    call raises ``StoreBroken``.

    Settled payments of the present epoch are kept for good, those of earlier epochs are removed little by little by
    later appends.

    Args:
        url: of the database. Its role must own the database, or the schema.
        shards: how many such journals there are in it, each with a schema and a lock of its own. The first call takes
            one that is free; it is this store's for good.
        stands_by: there are workers that stand by: where all journals have theirs, ``StandingBy`` is raised, and one
            that is silent for long is made to give up its place.
    """

    def __init__(self, url: PostgresUrl, shards: int = 1, *, stands_by: bool = False) -> None:
        self._url = url
        self._shards = shards
        self._shard: int | None = None
        self._silence = Silence() if stands_by else None
        self._writer = uuid.uuid4()
        self._connection: psycopg.Connection | None = None
        self._claimed = False
        self._broken: str | None = None
        self._epoch = 0
        self._journal_id = b""
        self._prunes = True

    def epoch(self) -> int:
        """See ``Store.epoch``."""
        self._ready()
        return self._epoch

    def journal_id(self) -> bytes:
        """See ``Store.journal_id``."""
        self._ready()
        return self._journal_id

    def sums(self) -> Sequence[SpanSum]:
        """See ``Store.sums``."""
        # Over a cursor of the server's: libpq would hold all rows until the last one is read.
        with self._errors() as connection, connection.transaction(), connection.cursor("sums") as cursor:
            cursor.itersize = CHUNK_ROWS
            cursor.execute(sql.SUMS, (self._epoch, SUM_MS), binary=True)
            return SpanSums(SUM_MS, ((*row, int(cents)) for *row, cents in cursor))

    def settled(self, from_ms: int | None = None) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        """See ``Store.settled``. No transaction stays open between two chunks."""
        return self._all_settled() if from_ms is None else self._settled_from(from_ms)

    def _all_settled(self) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        with self._errors() as connection:
            row = connection.execute(sql.FIRST_SETTLED, (self._epoch,)).fetchone()
        if row is None:
            return
        before = row[0]
        while True:
            with self._errors() as connection:
                rows = connection.execute(sql.SETTLED, (before, CHUNK_ROWS), binary=True).fetchall()
            if not rows:
                return
            before = rows[-1][0]
            yield [row[1:] for row in rows]

    def _settled_from(self, from_ms: int) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        with self._errors() as connection:
            found = connection.execute(sql.SETTLED_FROM, (self._epoch, from_ms), binary=True)
            orders = array("q", (order for (order,) in found))
        for start in range(0, len(orders), CHUNK_ROWS):
            with self._errors() as connection:
                chunk = orders[start : start + CHUNK_ROWS].tolist()
                rows = connection.execute(sql.SETTLED_AT, (chunk,), binary=True).fetchall()
            if rows:
                yield rows

    def open(self) -> list[OpenPayment]:
        """See ``Store.open``."""
        with self._errors() as connection:
            rows = connection.execute(sql.OPEN, (self._epoch,), binary=True).fetchall()
        return [OpenPayment(Payment(each, cents), *rest) for each, cents, *rest in rows]

    def written_off(self) -> list[Payment]:
        """See ``Store.written_off``."""
        with self._errors() as connection:
            rows = connection.execute(sql.WRITTEN_OFF, (self._epoch,), binary=True).fetchall()
        return [Payment(each, cents) for each, cents in rows]

    def shard(self) -> int:
        """See ``Store.shard``."""
        self._ready()
        return self._shard or 0

    def feed_mark(self) -> FeedMark:
        """See ``Store.feed_mark``."""
        with self._errors() as connection:
            row = connection.execute(sql.FEED_MARK).fetchone()
        return FeedMark() if row is None else FeedMark(*row)

    def keep_place(self) -> None:
        """See ``Store.keep_place``."""
        with self._errors() as connection:
            connection.execute(sql.STAY, (self._writer,))

    def append(self, entries: Sequence[JournalEntry]) -> Sequence[Known]:
        """See ``Store.append``; the rules for single entries are those of ``SqliteStore.append``.

        Raises:
            StoreUnavailable: also if the connection was lost during the commit.
            ValueError: an entry can't be kept. Nothing was written.
        """
        self._ready()
        batch = sort_entries(entries, self._epoch)
        if batch.changes_nothing:
            return ()
        prunes = self._prunes or batch.raises_epoch
        limit = max(PRUNED_ROWS, 2 * len(entries))
        removed: list[psycopg.Cursor] = []
        # The pipeline sends the transaction as a whole and waits once; what follows a statement that failed is skipped.
        with self._errors() as connection, connection.pipeline():
            connection.execute("BEGIN")
            known = write(connection, batch)
            if prunes:
                removed = [connection.execute(statement, (batch.epoch, limit)) for statement in sql.PRUNE]
            connection.execute("COMMIT")
        self._epoch, self._prunes = batch.epoch, any(cursor.rowcount == limit for cursor in removed)
        return known()

    def history(self) -> PostgresHistory:
        """See ``Store.history``: of the shard that this store holds when it is asked."""
        return PostgresHistory(self._url, lambda: self._shard, self._shards)

    def check(self) -> None:
        """See ``Store.check``."""
        with self._errors() as connection:
            if connection.execute(sql.WRITER).fetchall() != [(self._writer,)]:
                raise StoreBroken("the journal in PostgreSQL was emptied or replaced under this worker")

    def interrupt(self) -> None:
        """See ``Store.interrupt``: the connection is shut down, and the server may still do what it was asked for."""
        connection = self._connection
        if connection is not None and not connection.closed:
            with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as sock:
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """See ``Store.close``. A later call connects again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ready(self) -> psycopg.Connection:
        if self._broken is not None:
            raise StoreBroken(self._broken)
        if self._connection is None:
            try:
                opened = connect(
                    self._url,
                    self._writer,
                    first=not self._claimed,
                    shards=self._shards,
                    shard=self._shard,
                    silence=self._silence,
                )
                self._connection, self._epoch, self._journal_id, self._shard = opened
            except StoreBroken as error:
                self._broken = str(error)
                raise
            self._claimed = self._prunes = True
        return self._connection

    @contextmanager
    def _errors(self) -> Iterator[psycopg.Connection]:
        """Lend the connection and raise the port's errors; after an error the next call connects anew."""
        import psycopg

        connection = self._ready()
        try:
            yield connection
        except psycopg.Error as error:
            meaning = translate(error)
            if isinstance(meaning, StoreBroken):
                self._broken = str(meaning)
            self.close()
            raise meaning from error
        except BaseException:
            self.close()
            raise
