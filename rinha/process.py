"""What all processes of the system have in common: their exit codes, the signals that stop them, when the garbage
collector runs, and how they say that they can't listen. Knows no event loop: each process has its own.
"""

from __future__ import annotations

import errno
import gc
import logging
import os
import signal
from enum import IntEnum

logger = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Each ends a process in order: an engine sends the first, Ctrl-C the second."""

WORKER_ROLE = "payment-worker"
"""The worker's name in logs and traces. An API has its own, and there may be many."""

_SIGNALLED = 128
"""What shells add to the number of the signal that ended a process."""

_MISTAKES = {
    errno.EADDRINUSE: "another program listens there",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}
"""The two that whoever runs the system makes, in its words."""


class ExitCode(IntEnum):
    """What a process of the system, or a command, ends with. Other programs rely on the numbers."""

    OK = 0
    """All is done, and nothing waits."""
    FAILED = 1
    """It ran, and something is left undone; log or stderr says what. It may be started again."""
    REFUSED = 2
    """It can't do what it is told, however often it tries: wrong arguments or settings, an address that is taken."""
    UNAVAILABLE = 3
    """Something that it needs at its start isn't there now: another try may find it."""
    INTERRUPTED = _SIGNALLED + signal.SIGINT
    """Ctrl-C ended a command that had something to do still."""


def ended_by(number: int) -> int:
    """The exit code of a process that was cut short by this signal."""
    return _SIGNALLED + number


def hold_collector() -> None:
    """Leave the garbage collector off while a server starts: what is made then stays, and to look at it takes time."""
    gc.disable()


def release_collector() -> None:
    """Turn the collector on for what is made from now on. What exists lives as long as the process: it never looks."""
    gc.freeze()
    gc.enable()


def why_not_bound(error: OSError) -> str:
    """Say why an address can't be bound, in words for whoever chose it."""
    # A name that can't be resolved has a negative number, a path that is too long none.
    if not error.errno or error.errno < 0:
        return error.strerror or str(error)
    # Not the error's own words: asyncio puts others around the system's.
    return _MISTAKES.get(error.errno) or os.strerror(error.errno)


def bind_failed(address: object, error: OSError) -> ExitCode:
    """Log that a process can't listen where it is told.

    Args:
        address: where.
        error: what the system said.

    Returns:
        What the process ends with.
    """
    logger.critical("process.bind_failed", extra={"address": str(address), "reason": why_not_bound(error)})
    return ExitCode.REFUSED
