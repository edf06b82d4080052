"""Takes old rows out of a journal in SQLite."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from actors.ports import StoreBroken
from rinha.store.pruning import ArchivedRow
from rinha.store.sqlite import schema as sql
from rinha.store.sqlite.errors import translate
from rinha.store.sqlite.file import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHUNK_ROWS = 5000
REMOVED_ROWS = 1000
"""Of one transaction: some megabytes of the log, which goes into the file after each."""


class SqlitePruning:
    """``rinha.store.pruning.Pruning`` in one SQLite file, which it opens at once, and whose lock it takes.

    The file doesn't shrink: the journal uses the space again.

    Args:
        path: the file; it is not made.

    Raises:
        StoreUnavailable, StoreBroken: as ``open_for_pruning``.
    """

    def __init__(self, path: str) -> None:
        if not os.path.lexists(path):
            raise StoreBroken(f"there is no journal at {path}")
        self._path = path
        self._connection, self._unlock = open_database(path)
        try:
            with self._errors():
                self.epoch, self.journal_id = self._connection.execute(sql.JOURNAL).fetchone()
        except BaseException:
            self.close()
            raise

    def rows(self, before_ms: int) -> Iterator[Sequence[ArchivedRow]]:
        """See ``Pruning.rows``."""
        at_ms, after = -(2**63), -(2**63)
        while True:
            with self._errors():
                values = (self.epoch, before_ms, at_ms, after, CHUNK_ROWS)
                rows = self._connection.execute(sql.ROWS_BEFORE, values).fetchall()
            if not rows:
                return
            at_ms, after = rows[-1][-1], rows[-1][0]
            yield [ArchivedRow(*row) for _, *row in rows]

    def prune(self, before_ms: int) -> int:
        """See ``Pruning.prune``."""
        with self._errors():
            # First, so that no sum is ever made of the rows that are left in a second.
            self._connection.execute(sql.NOTE_PRUNED, (before_ms,))
            total, removed = 0, REMOVED_ROWS
            while removed == REMOVED_ROWS:
                self._connection.execute("BEGIN IMMEDIATE")
                for statement in sql.REMOVE:
                    removed = self._connection.execute(statement, (self.epoch, before_ms, REMOVED_ROWS)).rowcount
                self._connection.execute("COMMIT")
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                total += removed
        return total

    def close(self) -> None:
        """See ``Pruning.close``."""
        self._connection.close()
        self._unlock()
        self._unlock = lambda: None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            # What was begun is taken back when the connection is closed.
            raise translate(error, self._path) from error
