"""How long a peer has been silent, counted in looks and not in seconds.

Whoever stood still itself, stopped or on a machine that slept, has not read yet what came meanwhile: by the clock its
peer would have been silent for as long, and a good connection be cut.
"""

from __future__ import annotations

from enum import Enum, auto

LOOK_S = 0.5
"""How often to look, in seconds."""
LOOKS_BEFORE_PING = 10
"""5 s."""
LOOKS_BEFORE_CUT = 30
"""Two pings unanswered: the connection is half open, or the peer hangs."""


class Due(Enum):
    """What is to be done about a peer."""

    NOTHING = auto()
    PING = auto()
    CUT = auto()


class Heartbeat:
    """Counts the looks since a peer was last heard."""

    def __init__(self) -> None:
        self._looks = 0

    def heard(self) -> None:
        """Note that something came from it."""
        self._looks = 0

    def look(self) -> Due:
        """Take a look, which is due every ``LOOK_S``."""
        self._looks += 1
        if self._looks >= LOOKS_BEFORE_CUT:
            return Due.CUT
        return Due.NOTHING if self._looks % LOOKS_BEFORE_PING else Due.PING
