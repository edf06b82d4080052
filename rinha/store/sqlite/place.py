"""Where an open journal stands: files that were deleted, moved or replaced still open, but nobody finds them again."""

from __future__ import annotations

import os
from pathlib import Path

from actors.ports import StoreUnavailable


class Place:
    """The files of a journal, as they stand while it is open.

    Args:
        path: the journal's file.

    Raises:
        StoreUnavailable: they can't be seen.
    """

    def __init__(self, path: str) -> None:
        resolved = str(Path(path).resolve())
        try:
            self._files = {each: _which(each) for each in (resolved, f"{resolved}-wal")}
        except OSError as error:
            raise StoreUnavailable(f"the journal {path} went while it was opened: {error}") from error

    def check(self) -> None:
        """See that they still stand there: two system calls, some microseconds.

        Raises:
            StoreUnavailable: one doesn't. What is appended would be gone with the process.
        """
        for path, which in self._files.items():
            try:
                same = _which(path) == which
            except OSError as error:
                raise StoreUnavailable(
                    f"the journal's file {path} has gone ({error.strerror}): put it back; "
                    "the worker still has its books, `rinha rows` shows them"
                ) from error
            if not same:
                raise StoreUnavailable(f"another file has taken the place of the journal's file {path}: put it back")


def _which(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
