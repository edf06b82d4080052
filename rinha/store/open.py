"""From what a store's URL says to the store, or to its journals without a worker."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from actors.ports import StoreBroken
from rinha.store.postgres.pruning import open_all
from rinha.store.postgres.report import read_reports as read_all
from rinha.store.postgres.store import PostgresStore
from rinha.store.sqlite.pruning import SqlitePruning
from rinha.store.sqlite.report import read_report
from rinha.store.sqlite.store import SqliteStore
from rinha.store.sqlite.url import SqliteUrl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.ports import Store
    from rinha.store.pruning import Pruning
    from rinha.store.report import JournalReport
    from rinha.store.url import StoreUrl


def open_store(url: StoreUrl, shards: int = 1, *, stands_by: bool = False) -> Store:
    """Make the store that a URL names. Nothing is opened yet: the store's first call does that, in its thread.

    Args:
        url: from ``parse_store_url``.
        shards: how many workers' journals there are; one of them is taken, whichever is free.
        stands_by: workers stand by for them; see ``PostgresStore``.

    Raises:
        StoreBroken: the store is in PostgreSQL, and psycopg can't be loaded.
    """
    if isinstance(url, SqliteUrl):
        return SqliteStore(url.path)
    _need_psycopg()
    return PostgresStore(url, shards, stands_by=stands_by)


def read_reports(url: StoreUrl) -> Sequence[JournalReport]:
    """Read what is in the journals that a URL names, one or each shard's; a worker may have them meanwhile.

    Args:
        url: of the store.

    Raises:
        StoreUnavailable: one can't be read now, or is of an earlier version, which a worker's start brings forward.
        StoreBroken: there is none, or it is not ours, of a newer version, or damaged.
    """
    if isinstance(url, SqliteUrl):
        return [read_report(url.path)]
    _need_psycopg()
    return read_all(url)


def open_for_pruning(url: StoreUrl) -> Sequence[Pruning]:
    """Take the places of all journals that a URL names, one or each shard's, as workers take them.

    Args:
        url: of the store.

    Raises:
        StoreUnavailable: a worker has one of them, or it can't be reached; none is held then.
        StoreBroken: there is none, or it is not ours, of a newer version, or damaged; none is held then.
    """
    if isinstance(url, SqliteUrl):
        return [SqlitePruning(url.path)]
    _need_psycopg()
    return open_all(url)


def _need_psycopg() -> None:
    try:
        importlib.import_module("psycopg")
    except ImportError as error:
        raise StoreBroken(
            f"a store in PostgreSQL needs psycopg ({error}): pip install 'rinha-actors[postgres]'"
        ) from error
