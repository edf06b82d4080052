"""The URL of a journal in SQLite."""

from __future__ import annotations

from dataclasses import dataclass

from rinha.store.escapes import unescape


@dataclass(frozen=True, slots=True)
class SqliteUrl:
    """A journal in a file.

    Args:
        path: the file; relative to the working directory, or absolute.
    """

    path: str


def parse_sqlite_url(text: str) -> SqliteUrl:
    """Read ``sqlite:///path``, for which see ``rinha.store.url``.

    Raises:
        ValueError: it names no file; the text says why.
    """
    path = text.removeprefix("sqlite://")
    if not path.startswith("/"):
        raise ValueError("a path begins with a third slash, an absolute one with a fourth")
    for character, escape, begins in (("?", "%3F", "parameters"), ("#", "%23", "a fragment")):
        if character in path:
            raise ValueError(f"a {character} begins {begins}, of which it takes none; in a path it is written {escape}")
    path = unescape(path[1:])
    if path == ":memory:":
        raise ValueError("a journal in memory keeps nothing")
    if path.rpartition("/")[2] in {"", ".", ".."}:
        raise ValueError("it names no file")
    return SqliteUrl(path)
