"""What the URL of a store says, read without the libraries of any store."""

from __future__ import annotations

from typing import TypeAlias

from rinha.store.postgres.url import PostgresUrl, parse_postgres_url
from rinha.store.sqlite.url import SqliteUrl, parse_sqlite_url

StoreUrl: TypeAlias = SqliteUrl | PostgresUrl

_FORMS = "sqlite:///relative/path, sqlite:////absolute/path or postgresql://user:password@host:port/database"


def parse_store_url(text: str) -> StoreUrl:
    """Read the URL of a store. Nothing is opened and nothing looked up.

    Args:
        text: ``sqlite:///relative/path`` (from the working directory) or ``sqlite:////absolute/path``, as SQLAlchemy
            has it, with ``%``-escapes; or ``postgresql://user:password@host:port/database``, ``postgres://`` too, with
            libpq's parameters (``?sslmode=verify-full``).

    Raises:
        ValueError: it is none; the text says what is wrong and how to write it, and repeats nothing of it.
    """
    try:
        if text.startswith("sqlite://"):
            return parse_sqlite_url(text)
        if text.startswith(("postgresql://", "postgres://")):
            return parse_postgres_url(text)
    except ValueError as error:
        raise ValueError(f"must be {_FORMS}: {error}") from None
    raise ValueError(f"must be {_FORMS}")
