"""Which connections are open at the API's port, and which of them have to go.

A balancer does the same for its clients; this is for those who reach the API without one.
"""

from __future__ import annotations

import logging
import resource
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

HEAD_TIMEOUT_S = 5.0
"""From a connection's begin, or from a later request's first byte, to the end of the head; as in ``haproxy.cfg``."""
MAX_CONNECTIONS = 8192
"""However many files there may be: one that is idle takes some 10 KB."""
_RESERVE_FILES_MIN = 64
_CHECK_S = 0.5

logger = logging.getLogger(__name__)


class Guest(Protocol):
    """A connection, as ``OpenConnections`` sees it."""

    head_since: float
    """When the head began that isn't complete yet, on the loop's clock; 0 if none has."""

    @property
    def is_idle(self) -> bool:
        """Whether it has no request that is to be answered."""
        ...

    @property
    def is_ending(self) -> bool:
        """Whether it is to be closed once it is idle."""
        ...

    def refuse_head(self) -> None:
        """Say that its head took too long, if it has begun, and close it."""
        ...

    def force_close(self) -> None:
        """Close it now."""
        ...


def connection_limit() -> int:
    """How many connections the limit of open files allows for, less a reserve for all else and for bursts of them."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    reserve = max(_RESERVE_FILES_MIN, files // 8)
    return min(MAX_CONNECTIONS, max(files - reserve, files // 2, 1))


class OpenConnections:
    """All that are open, in the order in which they were last heard.

    Args:
        loop: the event loop.
        limit: how many there may be. One more closes the one that has been idle for longest.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int) -> None:
        self._loop = loop
        self._limit = limit
        self._heard: dict[Guest, None] = {}
        self._check_due: asyncio.TimerHandle | None = None
        self._closed = 0

    def add(self, guest: Guest) -> None:
        """Take in a new one. If that is one too many an idle one is closed; the new one, if all others are busy."""
        self._heard[guest] = None
        if len(self._heard) > self._limit:
            self._make_room()
        if self._check_due is None:
            self._check_due = self._loop.call_later(_CHECK_S, self._check)

    def heard(self, guest: Guest) -> None:
        """Note that it has just sent something."""
        if guest in self._heard:
            del self._heard[guest]
            self._heard[guest] = None

    def remove(self, guest: Guest) -> None:
        """It is closed. To remove it twice is fine."""
        self._heard.pop(guest, None)

    def _make_room(self) -> None:
        for guest in self._heard:
            if guest.is_idle:
                del self._heard[guest]
                self._closed += 1
                guest.force_close()
                return

    def _check(self) -> None:
        self._check_due = self._loop.call_later(_CHECK_S, self._check) if self._heard else None
        if self._closed:
            logger.warning("api.idle_closed", extra={"connections": self._closed, "limit": self._limit})
            self._closed = 0
        late_s = self._loop.time() - HEAD_TIMEOUT_S
        for guest in list(self._heard):
            if guest.is_idle:
                if guest.is_ending:
                    guest.force_close()
                elif 0 < guest.head_since <= late_s:
                    guest.refuse_head()
