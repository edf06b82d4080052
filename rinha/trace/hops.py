"""What a process tells of its hops, over the bridge and by HTTP."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple


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


class ProcessHops(NamedTuple):
    """The hops that one process has of some payments.

    Args:
        role: as in ``Process``.
        run: as in ``Process``.
        kind: as in ``Process``.
        hops: each an ``actors.tracing.Record``, in the order of their starts.
    """

    role: str
    run: str
    kind: str
    hops: list[tuple[Any, ...]]


def new_run() -> str:
    """Draw the run of a process that starts."""
    return secrets.token_hex(8)
