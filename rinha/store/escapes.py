"""The ``%``-escapes of a store's URL."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def unescape(text: str) -> str:
    """Give the text that is meant.

    Raises:
        ValueError: a ``%`` begins no escape, or what is meant isn't UTF-8 or holds a NUL.
    """
    if _BAD_ESCAPE.search(text):
        raise ValueError("a % begins no escape of two hexadecimal digits: write %25")
    try:
        meant = unquote_to_bytes(text).decode()
    except UnicodeError:
        raise ValueError("it is no UTF-8 text") from None
    if "\0" in meant:
        raise ValueError("it holds a NUL")
    return meant
