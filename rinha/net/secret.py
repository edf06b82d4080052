"""The secret that both ends of a bridge share: given as text, or kept in a file that the worker makes."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from rinha.files import read_guarded, write_whole

if TYPE_CHECKING:
    from pathlib import Path

MIN_BYTES = 16
"""Whoever sees one handshake may try secrets against it at leisure: 128 bits are out of reach, a word isn't."""
MAX_BYTES = 4096
"""A secret is a line of text; a larger file is a wrong path."""
MODE = 0o400
OTHERS_MAY_WRITE = 0o022
"""Whoever may write the file decides who gets in. That others may read it is usual, where an engine mounts it."""


HOW_TO_MAKE_ONE = "make one: python3 -c 'import secrets; print(secrets.token_hex(32))'"
"""The command for it, for whoever is told that theirs is none."""


def new_secret() -> str:
    """A secret that nobody can guess: 256 random bits, as text."""
    return secrets.token_hex(32)


@dataclass(frozen=True, slots=True, repr=False)
class FixedSecret:
    """A secret that stays as it is; empty if the bridge has none."""

    value: bytes = b""

    @classmethod
    def of(cls, text: str) -> FixedSecret:
        """The secret that a text is.

        Raises:
            ValueError: it is short enough to be guessed; the text names the command that makes one.
        """
        secret = text.encode()
        if len(secret) < MIN_BYTES:
            raise ValueError(f"must have at least {MIN_BYTES} bytes; {HOW_TO_MAKE_ONE}")
        return cls(secret)

    def __repr__(self) -> str:
        return "********" if self.value else "not set"

    def read(self) -> bytes:
        """The secret."""
        return self.value

    def make(self) -> None:
        """Nothing: it is there."""


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A secret in a file. It is read anew each time, because a worker may have made another one meanwhile."""

    path: Path

    def read(self) -> bytes:
        """The secret, which is never empty.

        Raises:
            FileNotFoundError: nobody has made it yet.
            ValueError: the file holds no secret, or one that can be guessed, or others may write it; the text says what
                is wrong, after the path.
            OSError: it can't be read.
        """
        content = read_guarded(self.path, max_bytes=MAX_BYTES, forbidden=OTHERS_MAY_WRITE).strip()
        if not content:
            raise ValueError("is empty")
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise ValueError("is no UTF-8 text") from None
        if not text.isprintable():
            raise ValueError("is more than one line of printable text")
        if len(content) < MIN_BYTES:
            raise ValueError(
                f"has fewer than {MIN_BYTES} bytes; remove it, then the worker makes one, or {HOW_TO_MAKE_ONE}"
            )
        return content

    def make(self) -> None:
        """Make the file with a new secret, unless it is there.

        Raises:
            OSError: it can't be written.
        """
        # Whoever was first, it is his that all read.
        with contextlib.suppress(FileExistsError):
            write_whole(self.path, new_secret().encode() + b"\n", mode=MODE, replace=False)


SharedSecret: TypeAlias = FixedSecret | SecretFile
