"""Text that is never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MASK = "********"

SECRET_FILE_MAX_BYTES = 4096
"""A secret is a line of text; a larger file is a wrong path."""


class Secret:
    """A secret that doesn't show in logs, tracebacks and representations. One that is empty is false: not set.

    It is no string, so that nothing joins, formats or encodes it by accident.

    Args:
        text: what is secret; ``reveal`` gives it back.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return MASK if self else "not set"


def read_secret_file(path: Path) -> Secret:
    """Read the secret that a file holds, without the space around it.

    Raises:
        OSError: it can't be read.
        ValueError: it holds none; the text says why.
    """
    with path.open("rb") as file:
        content = file.read(SECRET_FILE_MAX_BYTES + 1)
    if not content.strip() or len(content) > SECRET_FILE_MAX_BYTES:
        raise ValueError(f"must be 1 to {SECRET_FILE_MAX_BYTES} bytes")
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise ValueError("must be UTF-8 text") from None
    if not text.isprintable():
        raise ValueError("must be one line of printable text")
    return Secret(text)
