"""The journal in a file, with the standard library's SQLite."""

from __future__ import annotations

import json
import logging
import sqlite3
from array import array
from contextlib import contextmanager
from typing import TYPE_CHECKING

from actors.facts import FeedMark, OpenPayment
from actors.ports import SUM_MS, StoreBroken, StoreUnavailable
from actors.values import Payment
from rinha.store.batch import sort_entries
from rinha.store.span_sums import SpanSums
from rinha.store.sqlite import schema as sql
from rinha.store.sqlite.checking import BulkCheck, is_long
from rinha.store.sqlite.errors import is_failed_sync, translate
from rinha.store.sqlite.file import open_database
from rinha.store.sqlite.history import SqliteHistory
from rinha.store.sqlite.place import Place
from rinha.store.sqlite.write import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from actors.facts import JournalEntry, Known, SpanSum
    from rinha.store.batch import Batch

logger = logging.getLogger(__name__)

CHUNK_ROWS = 5000
"""Rows of one chunk of ``settled``: about 1 MB as Python values."""

CHECKPOINT_PAGES = 1000
"""The log goes into the file after about so many pages (4 MB): 10 to 20 ms then, and quick to recover after a crash."""

PRUNED_ROWS = 200
"""An append removes at least so many rows of earlier epochs from each table: 2 to 3 ms while there are any."""


class SqliteStore:
    """``actors.ports.Store`` in one SQLite file. Every call must come from the same thread, and blocks it.

    The file is opened by the first call; a call that fails with ``StoreUnavailable`` may be repeated, after
    ``StoreBroken`` every call raises that again. Settled payments of the present epoch are kept for good. Those of
    earlier epochs are removed little by little by later appends, and their space is used again: the file doesn't
    shrink, and grows no further until the new epoch needs more than the earlier ones did.

    Whoever looks into the file with another program while the worker runs may read. While such a reader's
    transaction lasts, the log beside the file grows.

    Args:
        path: the file; made if there is none. Its directory must be there, on a local file system.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._bulk: BulkCheck | None = None
        self._place: Place
        self._unlock: Callable[[], None] = lambda: None
        self._broken: str | None = None
        self._epoch = 0
        self._journal_id = b""
        self._prunes = True
        self._pages_logged = 0

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
        connection = self._ready()
        with self._errors():
            rows = connection.execute(sql.SUMS, (self._epoch, SUM_MS))
            return SpanSums(SUM_MS, ((*row, cents + (high << 32)) for *row, cents, high in rows))

    def settled(self, from_ms: int | None = None) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        """See ``Store.settled``. Nothing stays open between two chunks; what is appended meanwhile is left out."""
        return self._all_settled() if from_ms is None else self._settled_from(from_ms)

    def _all_settled(self) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        connection = self._ready()
        with self._errors():
            first, last = connection.execute(sql.SETTLED_RANGE).fetchone()
        if first is None:
            return
        epoch = self._epoch
        for start in range(first, last + 1, CHUNK_ROWS):
            with self._errors():
                end = min(start + CHUNK_ROWS, last + 1)
                rows = self._ready().execute(sql.SETTLED, (epoch, start, end)).fetchall()
            if rows:
                yield rows

    def _settled_from(self, from_ms: int) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        connection = self._ready()
        with self._errors():
            found = connection.execute(sql.SETTLED_FROM, (self._epoch, from_ms))
            orders = array("q", (order for (order,) in found))
        for start in range(0, len(orders), CHUNK_ROWS):
            with self._errors():
                values = json.dumps(orders[start : start + CHUNK_ROWS].tolist())
                rows = self._ready().execute(sql.SETTLED_AT, (values,)).fetchall()
            if rows:
                yield rows

    def open(self) -> list[OpenPayment]:
        """See ``Store.open``."""
        connection = self._ready()
        with self._errors():
            rows = connection.execute(sql.OPEN, (self._epoch,))
            return [OpenPayment(Payment(each, cents), *rest) for each, cents, *rest in rows]

    def written_off(self) -> list[Payment]:
        """See ``Store.written_off``."""
        connection = self._ready()
        with self._errors():
            return [Payment(each, cents) for each, cents in connection.execute(sql.WRITTEN_OFF, (self._epoch,))]

    def shard(self) -> int:
        """See ``Store.shard``: a file is one worker's."""
        return 0

    def feed_mark(self) -> FeedMark:
        """See ``Store.feed_mark``."""
        connection = self._ready()
        with self._errors():
            row = connection.execute(sql.FEED_MARK).fetchone()
        return FeedMark() if row is None else FeedMark(*row)

    def keep_place(self) -> None:
        """See ``Store.keep_place``: nobody takes a file's place."""

    def append(self, entries: Sequence[JournalEntry]) -> Sequence[Known]:
        """See ``Store.append``. Older rows of a payment's life stay: the first settlement counts, and the last attempt.

        An attempt of a payment that is settled or was never taken changes nothing. An entry of a later epoch begins
        that epoch.

        Raises:
            ValueError: an entry can't be kept by any store. Nothing was written.
        """
        connection = self._ready()
        batch = sort_entries(entries, self._epoch)
        if batch.changes_nothing:
            return ()
        with self._errors():
            connection.execute("BEGIN IMMEDIATE")
            known = write(connection, batch)
            prunes = self._prune(connection, batch, max(PRUNED_ROWS, 2 * len(entries)))
            connection.execute("COMMIT")
        self._epoch, self._prunes = batch.epoch, prunes
        self._pages_logged += 8 + 2 * len(entries)
        if self._pages_logged >= CHECKPOINT_PAGES:
            self._checkpoint(connection)
        return known

    def history(self) -> SqliteHistory:
        """See ``Store.history``."""
        return SqliteHistory(self._path)

    def check(self) -> None:
        """See ``Store.check``: the file must stand where it was opened."""
        self._ready()

    def interrupt(self) -> None:
        """See ``Store.interrupt``: a disk that hangs can't be hurried."""

    def close(self) -> None:
        """See ``Store.close``. A later call opens the file again."""
        connection, self._connection = self._connection, None
        bulk, self._bulk = self._bulk, None
        try:
            if bulk is not None:
                bulk.stop()
            if connection is not None:
                connection.close()
        finally:
            self._unlock()
            self._unlock = lambda: None

    def _ready(self) -> sqlite3.Connection:
        if self._broken is not None:
            raise StoreBroken(self._broken)
        if self._connection is None:
            try:
                self._connection, self._unlock = open_database(self._path)
                self._place = Place(self._path)
                with self._errors():
                    self._epoch, journal_id = self._connection.execute(sql.JOURNAL).fetchone()
                if self._journal_id not in {b"", journal_id}:
                    raise StoreBroken(f"another journal has taken the place of {self._path} since it was opened")
                self._journal_id = journal_id
                self._prunes = True
                self._pages_logged = 0
                self._bulk = BulkCheck(self._path) if is_long(self._path) else None
            except StoreBroken as error:
                self._broken = str(error)
                raise
            except StoreUnavailable:
                self.close()
                raise
        self._place.check()
        if self._bulk is not None and self._bulk.fault is not None:
            self._broken = f"the journal {self._path} is damaged: {self._bulk.fault}"
            raise StoreBroken(self._broken)
        return self._connection

    def _prune(self, connection: sqlite3.Connection, batch: Batch, limit: int) -> bool:
        """Remove rows of earlier epochs, and say whether there may be more."""
        if not (self._prunes or batch.raises_epoch):
            return False
        removed = [connection.execute(statement, (batch.epoch, limit)).rowcount for statement in sql.PRUNE]
        return limit in removed

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            if is_failed_sync(error):
                self._broken = str(translate(error, self._path))
                raise StoreBroken(self._broken) from error
            # What was appended is safe in the log; the next append tries again.
            logger.warning("store.checkpoint_failed", extra={"path": self._path, "error": str(error)})
        else:
            self._pages_logged = 0

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Take back what was begun, and raise the port's errors."""
        try:
            yield
        except sqlite3.Error as error:
            meaning = translate(error, self._path)
            try:
                self._roll_back()
            except sqlite3.Error as second:
                meaning = StoreBroken(f"{meaning}; then taking it back failed: {second}")
            if isinstance(meaning, StoreUnavailable):
                raise meaning from error
            self._broken = str(meaning)
            raise meaning from error
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
