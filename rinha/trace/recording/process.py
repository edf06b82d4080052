"""Who notes hops."""

from __future__ import annotations

import secrets
from typing import NamedTuple


class Process(NamedTuple):
    """Who notes hops.

    Args:
        role: the process's name in logs, e.g. ``payment-api-1``.
        run: which of its lives this is, 16 hexadecimal digits.
        kind: ``api`` or ``worker``.
    """

    role: str
    run: str
    kind: str


def new_run() -> str:
    """Draw the run of a process that starts."""
    return secrets.token_hex(8)
