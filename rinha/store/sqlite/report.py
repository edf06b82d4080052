"""What is in a journal in SQLite."""

from __future__ import annotations

import os
import sqlite3
import urllib.parse
from contextlib import closing
from pathlib import Path

from actors.ports import SUM_MS, StoreBroken, StoreUnavailable
from actors.values import Totals
from rinha.store.report import JournalReport, earlier_version
from rinha.store.sqlite import schema as sql
from rinha.store.sqlite.errors import translate
from rinha.store.sqlite.file import BUSY_TIMEOUT_S, check_header
from rinha.store.sqlite.versions import LATEST


def read_report(path: str) -> JournalReport:
    """Read what is in a journal, in one transaction that only reads.

    Args:
        path: the file; it is not made.

    Raises:
        StoreUnavailable, StoreBroken: as ``rinha.store.open.read_reports``.
    """
    path = str(Path(path).resolve())
    try:
        version = check_header(path)
        if version < LATEST:
            raise StoreUnavailable(earlier_version(path, version, LATEST))
        address = f"file:{urllib.parse.quote(path)}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            return _read(connection, path, version)
    except FileNotFoundError as error:
        raise StoreBroken(f"there is no journal at {path}") from error
    except OSError as error:
        raise StoreUnavailable(f"the journal {path} can't be read: {error}") from error
    except sqlite3.Error as error:
        raise translate(error, path) from error


def _read(connection: sqlite3.Connection, path: str, version: int) -> JournalReport:
    epoch, pruned_before_ms = connection.execute(sql.EPOCH).fetchone()
    sums = connection.execute(sql.SUMS_BY_PROCESSOR, (epoch, SUM_MS))
    rows, oldest_ms, newest_ms, open_, written_off = connection.execute(sql.COUNTS, (epoch,)).fetchone()
    log = f"{path}-wal"
    return JournalReport(
        "sqlite",
        path,
        version,
        connection.execute(sql.JOURNAL).fetchone()[1],
        epoch,
        {"file": os.path.getsize(path), "log": os.path.getsize(log) if os.path.exists(log) else 0},
        {name: Totals(payments, cents + (high << 32)) for name, payments, cents, high in sums},
        rows,
        oldest_ms,
        newest_ms,
        open_,
        written_off,
        pruned_before_ms,
    )
