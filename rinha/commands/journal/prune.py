"""Takes old rows out of journals, and perhaps into archives."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from actors.ports import SUM_MS
from rinha.answers.instants import instant
from rinha.api.endpoints.closing_request import parse_requested_at
from rinha.commands.errors import CommandError
from rinha.process import ExitCode
from rinha.store.archive import ArchiveHeader, write_archive
from rinha.store.open import open_for_pruning

if TYPE_CHECKING:
    from rinha.store.pruning import Pruning
    from rinha.store.url import StoreUrl


def prune(url: StoreUrl, before: str, archive: str | None, *, as_json: bool) -> None:
    """Remove what was requested before an instant, and print how much that was.

    Args:
        url: of the journals.
        before: the instant.
        archive: the file for the rows, of several journals the beginning of their names; None for none.
        as_json: print a JSON line for each journal instead of sentences.

    Raises:
        CommandError: an argument makes no sense, or the archive can't be written; nothing more is removed then.
        StoreUnavailable, StoreBroken: a journal can't be pruned; those before it are.
    """
    before_ms = _whole_minute(before)
    with ExitStack() as opened:
        journals = open_for_pruning(url)
        for journal in journals:
            opened.callback(journal.close)
        paths = _paths(archive, len(journals))
        if not as_json and before_ms != parse_requested_at(before):
            print(f"the minute counts: before {instant(before_ms)}")
        for journal, path in zip(journals, paths, strict=True):
            _prune(journal, before_ms, path, as_json=as_json)


def _prune(journal: Pruning, before_ms: int, path: Path | None, *, as_json: bool) -> None:
    archived = None if path is None else _archive(journal, before_ms, path)
    removed = journal.prune(before_ms)
    if as_json:
        document = {
            "journalId": journal.journal_id.hex(),
            "epoch": journal.epoch,
            "before": instant(before_ms),
            "archive": None if path is None else str(path),
            "archived": archived,
            "removed": removed,
        }
        print(json.dumps(document, ensure_ascii=False))
        return
    if path is not None:
        print(f"{archived:,} rows are in {path}")
    print(f"{removed:,} rows of epoch {journal.epoch} from before {instant(before_ms)} are removed, their sums stay")


def _archive(journal: Pruning, before_ms: int, path: Path) -> int:
    header = ArchiveHeader(journal.journal_id, journal.epoch, before_ms)
    try:
        return write_archive(path, header, journal.rows(before_ms))
    except OSError as error:
        raise CommandError(f"--archive {path}: {error.strerror or error}; nothing is removed") from None


def _whole_minute(text: str) -> int:
    try:
        at_ms = parse_requested_at(text)
    except ValueError as error:
        raise CommandError(f"--before {text!r}: {error}", ExitCode.REFUSED) from None
    if at_ms > time.time_ns() // 1_000_000:
        raise CommandError(f"--before {text!r}: lies in the future", ExitCode.REFUSED)
    return at_ms // SUM_MS * SUM_MS


def _paths(archive: str | None, count: int) -> list[Path | None]:
    """Where each journal's rows go; all are looked at before any is written."""
    if archive is None:
        return [None] * count
    paths = [Path(archive if count == 1 else f"{archive}.{number}") for number in range(count)]
    for path in paths:
        if path.exists() or path.is_symlink():
            raise CommandError(f"--archive {path}: there is such a file already; name another", ExitCode.REFUSED)
        if not path.parent.is_dir() or not path.name:
            raise CommandError(f"--archive {path}: there is no such directory", ExitCode.REFUSED)
    return list(paths)
