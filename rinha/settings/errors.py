"""What is wrong with the environment."""

from __future__ import annotations

import re

import msgspec

from rinha.settings.secret import MASK


class SettingError(msgspec.Struct, frozen=True):
    """One wrong setting.

    Args:
        name: the environment variable.
        value: its value, masked where it may be a secret; empty if it isn't set.
        reason: what is wrong and what to write instead.
    """

    name: str
    value: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name}={self.value}: {self.reason}" if self.value else f"{self.name}: {self.reason}"


class SettingsError(Exception):
    """Whoever set the environment made these mistakes; ``errors`` holds all of them."""

    def __init__(self, errors: list[SettingError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = errors


def printable(text: str) -> str:
    """Write a value in one line, without what may be a password before an @."""
    text = re.sub(r"(?s)^([a-z]+:/*)?.*@", rf"\g<1>{MASK}@", text)
    return text if text.isprintable() else ascii(text)
