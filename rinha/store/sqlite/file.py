"""The file of a journal in SQLite: one worker at a time, ours, and whole, or it isn't touched."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

from actors.ports import StoreBroken, StoreUnavailable
from rinha.store.sqlite.checking import faults_at_once
from rinha.store.sqlite.errors import translate
from rinha.store.sqlite.versions import APPLICATION_ID, LATEST, bring_forward, schema_at, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 5.0
"""For how long somebody who looks into the file with another program may hold up a write."""

_OLDEST = (3, 38, 0)
"""Strict tables came with 3.37, JSON's arrows with 3.38 (2022-02-22)."""

_MAGIC = b"SQLite format 3\0"

_SETTINGS = (
    # Every commit is synced: what append returned from is on disk.
    "PRAGMA synchronous = FULL",
    # The store checkpoints itself, because SQLite's own checkpoints swallow a failed sync.
    "PRAGMA wal_autocheckpoint = 0",
    # A log that grew (behind a long reader, or by one huge append) is cut back when it is started over.
    "PRAGMA journal_size_limit = 16777216",
    # Settlements write all over the index of ids: enough for its inner pages and the hot part.
    "PRAGMA cache_size = -8192",
    # Some builds overwrite deleted rows with zeros: pruning would cost twice as much.
    "PRAGMA secure_delete = OFF",
    # What a large append needs beside the file fits into memory; in a container with a read-only root, nowhere else.
    "PRAGMA temp_store = MEMORY",
    # Read errors are to arrive as errors, not as SIGBUS.
    "PRAGMA mmap_size = 0",
)


def open_database(path: str) -> tuple[sqlite3.Connection, Callable[[], None]]:
    """Open the journal's file, or make it if there is none.

    What is there is checked before anything is written to it: that it is ours, and with ``PRAGMA quick_check`` that it
    is whole, but for the bulk of a long one (``checking.py``). Then the log is brought into the file and synced: after
    a failed sync its pages may be in memory alone, and a later sync would not say so. A journal of an earlier version
    is brought forward.

    Args:
        path: the file; ``<path>.lock``, ``-wal`` and ``-shm`` stand beside it.

    Returns:
        The connection, for this thread alone, and what gives the file back once that is closed.

    Raises:
        StoreUnavailable: another worker has it open, or it can't be reached.
        StoreBroken: what is there is not a journal, of a newer version, or damaged. It is left as it is.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StoreUnavailable(f"SQLite {'.'.join(map(str, _OLDEST))} or newer is needed, not {sqlite3.sqlite_version}")
    path = str(Path(path).resolve())
    unlock = _lock(path)
    try:
        _make_if_missing(path)
        version = check_header(path)
        _check_content(path, version)
        connection = _connect(path)
        if version < LATEST:
            _bring_forward(connection, path, version)
        return connection, unlock
    except sqlite3.Error as error:
        unlock()
        raise translate(error, path) from error
    except OSError as error:
        unlock()
        raise StoreUnavailable(f"the journal {path} can't be opened: {error}") from error
    except BaseException:
        unlock()
        raise


def _lock(path: str) -> Callable[[], None]:
    # A file of its own: closing any descriptor of the database would drop SQLite's own locks on it.
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        hint = "" if Path(path).parent.is_dir() else " (sqlite:///x is relative, sqlite:////x is absolute)"
        raise StoreUnavailable(f"the journal {path} can't be opened: {error}{hint}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StoreUnavailable(f"the journal {path} is in use by another worker") from error
    return lambda: os.close(descriptor)


def _make_if_missing(path: str) -> None:
    if os.path.lexists(path):
        return
    if os.path.exists(f"{path}-wal") and os.path.getsize(f"{path}-wal"):
        raise StoreBroken(
            f"{path} is missing, but its log {path}-wal is there: put the file back, or move the log away"
        )
    # Made under another name and moved into place: an empty or half-made file is never taken for a new journal.
    new = f"{path}.new"
    for left in (new, f"{new}-wal", f"{new}-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(left)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(new, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA journal_mode = WAL")
        bring_forward(connection, 0)
    finally:
        connection.close()  # brings the log into the file, and syncs it
    os.rename(new, path)
    logger.warning("store.new_journal", extra={"path": path})
    directory = os.open(Path(path).parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    except OSError as error:
        raise StoreBroken(f"the disk failed to sync the directory of the journal {path}: {error}") from error
    finally:
        os.close(directory)


def check_header(path: str) -> int:
    """See from a file's first bytes whether it is a journal.

    Returns:
        Its version.

    Raises:
        StoreBroken: it is none, or of a newer version.
        OSError: it can't be read.
    """
    # Before SQLite sees it. The fields: https://www.sqlite.org/fileformat2.html#the_database_header
    with open(path, "rb") as file:
        header = file.read(100)
    if len(header) < 100 or not header.startswith(_MAGIC):
        raise StoreBroken(f"{path} is no SQLite database ({os.path.getsize(path)} bytes); it was left as it is")
    application, version = int.from_bytes(header[68:72]), int.from_bytes(header[60:64])
    if application != APPLICATION_ID:
        raise StoreBroken(f"{path} is the database of another application ({application:#010x}); it was left as it is")
    if not 0 < version <= LATEST:
        raise StoreBroken(
            f"{path} is a journal of version {version}, this program knows 1 to {LATEST}: "
            "start a program that is as new as the one that wrote it; it was left as it is"
        )
    return version


def _check_content(path: str, version: int) -> None:
    # Read-only, because closing an ordinary connection would write the log into a file that may be damaged.
    connection = sqlite3.connect(f"file:{urllib.parse.quote(path)}?mode=ro", uri=True, isolation_level=None)
    try:
        faults = faults_at_once(connection, path)
        missing = schema_at(version) - schema_of(connection)
        if missing:
            raise StoreBroken(f"the journal {path} lacks {', '.join(sorted(name for name, _ in missing))}")
        epochs = connection.execute("SELECT count(*) FROM journal WHERE epoch >= 0").fetchone()[0]
    finally:
        connection.close()
    if faults or epochs != 1:
        raise StoreBroken(f"the journal {path} is damaged: {'; '.join(faults)}; it was left as it is")


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StoreUnavailable(f"the file system of {path} can't do write-ahead logging (journal mode {mode})")
        for setting in _SETTINGS:
            connection.execute(setting).fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _bring_forward(connection: sqlite3.Connection, path: str, version: int) -> None:
    try:
        # A step may sort all rows, which in memory would take 30 MB a million. Where the root is read-only, only the
        # journal's own directory takes files.
        connection.execute("PRAGMA temp_store = FILE")
        connection.execute(f"PRAGMA temp_store_directory = '{_quoted(str(Path(path).parent))}'")
        try:
            bring_forward(connection, version)
        finally:
            connection.execute("PRAGMA temp_store_directory = ''")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    logger.info("store.brought_forward", extra={"path": path, "from": version, "to": LATEST})
