"""Whether a journal in SQLite is whole: looked at before it is used, and of a long one the bulk beside the work."""

from __future__ import annotations

import os
import sqlite3
import threading
import urllib.parse
from contextlib import closing, suppress

AT_ONCE_BYTES = 96 * 2**20
"""A file of so many, some million payments, is checked as a whole before it is used, in some tenths of a second."""
BULK = "settled_payments"
"""What grows for ever. Of a longer file this table and its indexes are checked beside the work: 0.2 s a million."""
FAULTS_MAX = 3


def faults_at_once(connection: sqlite3.Connection, path: str) -> list[str]:
    """Check the whole journal, or of a long one everything but its bulk.

    Args:
        connection: to the journal, which may be no journal at all.
        path: its file.

    Returns:
        What is wrong; empty for nothing.

    Raises:
        sqlite3.Error: it can't be read.
    """
    if not is_long(path):
        return _faults(connection, f"PRAGMA quick_check({FAULTS_MAX})")
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return [
        fault
        for name in names
        if name != BULK
        for fault in _faults(connection, f"PRAGMA quick_check('{name.replace(chr(39), 2 * chr(39))}')")
    ][:FAULTS_MAX]


def is_long(path: str) -> bool:
    """Whether its bulk is checked beside the work."""
    return os.path.getsize(path) > AT_ONCE_BYTES


def _faults(connection: sqlite3.Connection, statement: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(statement) if row[0] != "ok"]


class BulkCheck:
    """Checks the bulk of a journal in a thread of its own, over a connection of its own, which only reads.

    Args:
        path: the journal's file.
    """

    def __init__(self, path: str) -> None:
        self.fault: str | None = None
        """What is wrong, once that is known; None while nothing is."""
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="journal-check", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, if it is not over; waits for its thread."""
        self._stopped = True
        connection = self._connection
        if connection is not None:
            with suppress(sqlite3.ProgrammingError):  # it is closed by now
                connection.interrupt()
        self._thread.join()

    def _run(self) -> None:
        uri = f"file:{urllib.parse.quote(self._path)}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)) as connection:
                self._connection = connection
                faults = [] if self._stopped else _faults(connection, f"PRAGMA quick_check('{BULK}')")
                self._connection = None
        except sqlite3.Error as error:
            self._connection = None
            # What only that connection could not do, the store's own will meet.
            faults = [str(error)] if isinstance(error, sqlite3.DatabaseError) and _is_damage(error) else []
        if faults and not self._stopped:
            self.fault = "; ".join(faults[:FAULTS_MAX])


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
