"""Archives of settled payments: gzip, a JSON line that says whose rows they are, then a line for each."""

from __future__ import annotations

import gzip
import json
import os
import secrets
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rinha.store.pruning import ArchivedRow

_FORMAT = "rinha settled payments 1"


class ArchiveHeader(NamedTuple):
    """Whose rows an archive has.

    Args:
        journal_id: the journal's 16 bytes.
        epoch: the epoch.
        before_ms: they were requested before this instant, and not archived before.
    """

    journal_id: bytes
    epoch: int
    before_ms: int


def write_archive(path: Path, header: ArchiveHeader, chunks: Iterable[Sequence[ArchivedRow]]) -> int:
    """Write an archive. It is on disk, whole, when this returns.

    Args:
        path: the file; nobody sees it before it is complete.
        header: whose rows they are.
        chunks: the rows.

    Returns:
        How many rows there were.

    Raises:
        FileExistsError: there is such a file; it is as it was.
        OSError: it can't be written; nothing of it is left.
    """
    if os.path.lexists(path):
        raise FileExistsError(f"{path} is there already")
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    count = 0
    try:
        with os.fdopen(descriptor, "wb") as file:
            with gzip.GzipFile(filename="", fileobj=file, mode="wb") as packed:
                packed.write(_line({"format": _FORMAT, **header._asdict(), "journal_id": header.journal_id.hex()}))
                for chunk in chunks:
                    packed.write(b"".join([_line(_document(row)) for row in chunk]))
                    count += len(chunk)
            file.flush()
            os.fsync(descriptor)
        os.link(unfinished, path)  # as a rename, but never in the place of another file
    finally:
        unfinished.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return count


def read_archive(path: Path) -> Iterator[dict[str, Any]]:
    """Read an archive's rows: ``id``, ``processor``, ``amount_cents``, ``requested_at_ms`` and ``taken_cents``.

    Raises:
        ValueError: it is none, or damaged; what was given before was in it.
        OSError: it can't be read.
    """
    try:
        with gzip.open(path, "rb") as file:
            header = json.loads(file.readline(1000))
            if not isinstance(header, dict) or header.get("format") != _FORMAT:
                raise ValueError("its first line is another one")
            for line in file:
                yield json.loads(line)
    except (ValueError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is no archive of settled payments, or damaged: {error}") from None


def _document(row: ArchivedRow) -> dict[str, Any]:
    return {
        "id": str(UUID(bytes=row.payment_id)),
        "processor": row.processor,
        "amount_cents": row.amount_cents,
        "requested_at_ms": row.requested_at_ms,
        "taken_cents": row.taken_cents,
    }


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
