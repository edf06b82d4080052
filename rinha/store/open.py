"""From what a store's URL says to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.store.postgres.store import PostgresStore
from rinha.store.report import need_psycopg
from rinha.store.sqlite.store import SqliteStore
from rinha.store.sqlite.url import SqliteUrl

if TYPE_CHECKING:
    from actors.ports import Store
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
    need_psycopg()
    return PostgresStore(url, shards, stands_by=stands_by)
