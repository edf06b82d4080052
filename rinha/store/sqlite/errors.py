"""What an error of SQLite says about the journal.

Source: https://www.sqlite.org/rescode.html. With write-ahead logging a transaction exists once its last frame, the
commit, is whole in the log. A failed write leaves that frame torn, so the transaction is certainly not there; after a
failed sync all frames may or may not reach the disk, and nobody can tell.
"""

from __future__ import annotations

import sqlite3

from actors.ports import StoreBroken, StoreUnavailable

_PASSING = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
"""Primary codes of what a person or time can put right, and that leave the file sound."""

_FAILED_SYNC = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})

_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_IOERR_SHORT_READ,
        8202,  # SQLITE_IOERR_DATA: the file system's checksum is wrong; no name for it in Python 3.11
        8458,  # SQLITE_IOERR_CORRUPTFS
    }
)


def is_failed_sync(error: sqlite3.Error) -> bool:
    """Whether the system said that data may not have reached the disk."""
    return getattr(error, "sqlite_errorcode", 0) in _FAILED_SYNC


def translate(error: sqlite3.Error, path: str) -> StoreUnavailable | StoreBroken:
    """Say what an error means for the journal; whether the transaction could be rolled back is the caller's to see.

    Args:
        error: as raised by ``sqlite3``.
        path: the journal's file, for the text.
    """
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    what = f"{error} ({getattr(error, 'sqlite_errorname', type(error).__name__)})"
    if is_failed_sync(error):
        return StoreBroken(f"the disk failed to sync the journal {path}: {what}; what it holds is unknown")
    if code in _DAMAGE or code & 0xFF not in _PASSING:
        return StoreBroken(f"the journal {path} is damaged or was changed by others: {what}; it was left as it is")
    return StoreUnavailable(f"the journal {path} can't be used now: {what}")
