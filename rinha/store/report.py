"""What is in a journal, for people: read beside a worker, which it doesn't disturb."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

from actors.ports import StoreBroken
from rinha.store.sqlite.url import SqliteUrl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from actors.values import Totals
    from rinha.store.url import StoreUrl


class JournalReport(NamedTuple):
    """One journal. All figures are of its present epoch.

    Args:
        kind: ``sqlite`` or ``postgresql``.
        where: its file; or host, database and schema.
        version: of its tables.
        journal_id: its 16 bytes.
        epoch: the present one.
        sizes: bytes, by what takes them.
        settled: all settled payments by processor, also those whose rows are archived.
        rows: how many of them have rows still.
        oldest_ms: the first ``requestedAt`` among the rows; None without rows.
        newest_ms: the last one.
        open: payments that are not settled.
        written_off: payments that a person has written off.
        pruned_before_ms: rows from before it are archived; None if none are.
    """

    kind: str
    where: str
    version: int
    journal_id: bytes
    epoch: int
    sizes: Mapping[str, int]
    settled: Mapping[str, Totals]
    rows: int
    oldest_ms: int | None
    newest_ms: int | None
    open: int
    written_off: int
    pruned_before_ms: int | None


def read_reports(url: StoreUrl) -> Sequence[JournalReport]:
    """Read what a URL names: one journal, or one for each shard.

    Args:
        url: of the store.

    Raises:
        StoreUnavailable: it can't be read now, or is of an earlier version, which a worker's start brings forward.
        StoreBroken: there is none, or it is not ours, of a newer version, or damaged.
    """
    if isinstance(url, SqliteUrl):
        from rinha.store.sqlite.report import read_report

        return [read_report(url.path)]
    need_psycopg()
    from rinha.store.postgres.report import read_reports as read_all

    return read_all(url)


def need_psycopg() -> None:
    """See whether the library of PostgreSQL is there.

    Raises:
        StoreBroken: it isn't.
    """
    try:
        importlib.import_module("psycopg")
    except ImportError as error:
        raise StoreBroken(
            f"a store in PostgreSQL needs psycopg ({error}): pip install 'rinha-actors[postgres]'"
        ) from error


def earlier_version(where: str, version: int, latest: int) -> str:
    """Why a journal of an earlier version isn't read."""
    return (
        f"the journal {where} is of version {version}, and this program reads {latest}: a worker's start brings it on"
    )
