"""Small files that processes leave for each other: they appear whole, and are read with suspicion."""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, content: bytes, *, mode: int, replace: bool) -> None:
    """Write a file that nobody sees before it is complete.

    Args:
        path: the file.
        content: all of it.
        mode: its rights, which it has from the beginning; the process's umask may lessen them.
        replace: whether to take the place of a file that is there.

    Raises:
        FileExistsError: one is there, and isn't to be replaced; it is as it was.
        OSError: it can't be written; nothing of it is left.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            # Or else, on a disk, the name may survive a loss of power and the content not.
            os.fsync(descriptor)
        # A link appears at once and whole, as after a rename, but never in the place of another file.
        (os.replace if replace else os.link)(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_guarded(path: Path, *, max_bytes: int, forbidden: int, owner: int | None = None) -> bytes:
    """Read a file whose content is to be believed.

    Args:
        path: the file.
        max_bytes: a larger one is a mistake.
        forbidden: bits of the mode, none of which it may have.
        owner: the user to whom it has to belong; anybody if None.

    Raises:
        ValueError: it is none of these; the text says why, and begins with a verb.
        OSError: it can't be read.
    """
    # Not to wait for a writer, should it be a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("is no regular file")
        if owner is not None and status.st_uid != owner:
            raise ValueError(f"belongs to another user ({status.st_uid})")
        if status.st_mode & forbidden:
            raise ValueError(f"is too open to others (mode {stat.S_IMODE(status.st_mode):04o})")
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"has more than {max_bytes} bytes")
    return content
