"""Text that is never shown."""

from __future__ import annotations

from rinha.net.secret import HOW_TO_MAKE_ONE

MASK = "********"
TOKEN_MIN_CHARS = 16
"""Anybody who reaches the port may try tokens, as fast as the API answers: some tens of millions a day."""


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


def parse_token(text: str) -> Secret:
    """Read a token that opens something to whoever knows it.

    Raises:
        ValueError: it is short enough to be guessed, or can't be sent as it is; the text names the command that makes
            one.
    """
    if text != text.strip():
        # HTTP drops blanks around a header's value: nobody would ever be let in.
        raise ValueError(f"must not begin or end with a blank; {HOW_TO_MAKE_ONE}")
    if len(text) < TOKEN_MIN_CHARS:
        raise ValueError(f"must have at least {TOKEN_MIN_CHARS} characters; {HOW_TO_MAKE_ONE}")
    return Secret(text)
