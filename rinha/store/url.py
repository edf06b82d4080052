"""From a store's URL to the store."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

from rinha.store.postgres.store import PostgresStore
from rinha.store.sqlite.store import SqliteStore

if TYPE_CHECKING:
    from actors.ports import Store

_FORMS = "use sqlite:///relative/path, sqlite:////absolute/path or postgresql://user:password@host:port/database"


def open_store(url: str) -> Store:
    """Make the store that a URL names. Nothing is opened yet: the store's first call does that, in its thread.

    Args:
        url: ``sqlite:///relative/path`` (from the working directory) or ``sqlite:////absolute/path``, as SQLAlchemy
            has it, with ``%``-escapes; or ``postgresql://user:password@host:port/database``, with libpq's parameters
            (``?sslmode=verify-full``), see https://www.postgresql.org/docs/current/libpq-connect.html.

    Raises:
        ValueError: the URL is neither, or psycopg is not installed. The text holds no password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError(f"the store's URL has no scheme: {_FORMS}")
    if scheme == "sqlite":
        path = urllib.parse.unquote(rest.removeprefix("/"))
        if (
            not rest.startswith("/")
            or not path
            or path.endswith("/")
            or path == ":memory:"
            or "?" in rest
            or "\0" in path
        ):
            raise ValueError(f"the store's URL {url!r} names no file: {_FORMS}")
        return SqliteStore(path)
    if scheme in {"postgresql", "postgres"}:
        _check_postgres_url(url)
        return PostgresStore(url)
    raise ValueError(f"the store's URL has an unknown scheme, {scheme!r}: {_FORMS}")


def _check_postgres_url(url: str) -> None:
    try:
        import psycopg
    except ImportError as error:
        raise ValueError("a store in PostgreSQL needs psycopg: pip install 'rinha-actors[postgres]'") from error
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # Without libpq's own words: they may quote the password.
        raise ValueError(f"libpq can't read the store's URL: {_FORMS}") from None
