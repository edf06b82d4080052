"""Connections of peers that haven't proved the secret yet: what they may take up, and what is said of them.

They cost nothing to those who have proved it. Nobody is turned away for what others did from the same host, and a place
is never taken for good: whoever is late makes room for the next one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rinha.bridge.protocol.worker.delivery import Line

MAX_STRANGERS = 64
"""A handshake takes a round trip. To push a true API out of one, so many others have to connect in that time."""
MAX_REPORTS = 20
"""In ``PERIOD_S``; an API with a wrong secret makes two."""
PERIOD_S = 10.0

logger = logging.getLogger(__name__)


class Strangers:
    """The connections that are in their handshake."""

    def __init__(self) -> None:
        self._lines: dict[Line, None] = {}
        self._reports = 0
        self._period_ends_s = 0.0

    def add(self, line: Line) -> None:
        """Take in a new one. If that is one too many the oldest is cut."""
        if len(self._lines) >= MAX_STRANGERS:
            oldest = next(iter(self._lines))
            self.remove(oldest)
            oldest.cut(f"more than {MAX_STRANGERS} connections in their handshake")
        self._lines[line] = None

    def remove(self, line: Line) -> None:
        """It has proved the secret, or ended. Twice is fine."""
        self._lines.pop(line, None)

    def report(self, level: int, event: str, extra: dict[str, Any]) -> None:
        """Log what became of one, or only count it if there were many: they mustn't fill the log either."""
        self._reports += 1
        if self._reports <= MAX_REPORTS:
            logger.log(level, event, extra=extra)

    def check(self, now: float) -> None:
        """Say how many weren't reported one by one; called about twice a second with monotonic seconds."""
        if now >= self._period_ends_s:
            if self._reports > MAX_REPORTS:
                logger.warning("bridge.strangers_not_logged", extra={"count": self._reports - MAX_REPORTS})
            self._reports = 0
            self._period_ends_s = now + PERIOD_S
