"""When a relay asks its consumer for messages, and how it notices that nobody listens. Sans I/O.

A pull request is a message of its own, so that it can be said again: those of a server that was restarted, or whose
link was cut, are forgotten, and nothing tells so. The server's heartbeat does, by its absence.
"""

from __future__ import annotations

import msgspec

HEARTBEAT_S = 1.0
SILENCE_S = 2.5
"""Without a message or a heartbeat for so long the request is forgotten."""
EXPIRES_S = 10.0
REFUSED_PAUSE_S = 0.5
GONE_S = 5.0
"""Refused for so long, there is no consumer any more; a server that is being elected leader refuses for less."""
STALLED_S = 10.0
"""Others report consumers that have messages and deliver none: nats-server#4736, #5839."""
_ACCEPTED = frozenset({"100", "408"})
"""A heartbeat, and that the request has expired."""
_NS_PER_S = 1_000_000_000


class Pulls:
    """The pull requests of one consumer, one at a time.

    Args:
        now_s: the time, in seconds of a clock that never goes back.
    """

    def __init__(self, now_s: float) -> None:
        self._number = 0
        self._left = 0
        self._heard_s = now_s
        self._message_s = now_s
        self._refused_s = float("-inf")
        self._accepted_s = now_s

    @property
    def token(self) -> str:
        """Of the request of now: the last part of the subject that it is answered at."""
        return str(self._number)

    def ask(self, wanted: int, now_s: float) -> bytes | None:
        """What to send now.

        Args:
            wanted: so many messages could be taken.
            now_s: the time.

        Returns:
            A request; None if none is due.
        """
        if self._left and now_s - self._heard_s >= SILENCE_S:
            self._left = 0
        if self._left or wanted <= 0 or now_s - self._refused_s < REFUSED_PAUSE_S:
            return None
        self._number += 1
        self._left = wanted
        self._heard_s = now_s
        request = {
            "batch": wanted,
            "expires": int(EXPIRES_S * _NS_PER_S),
            "idle_heartbeat": int(HEARTBEAT_S * _NS_PER_S),
        }
        return msgspec.json.encode(request)

    def came(self, now_s: float) -> None:
        """A message came."""
        self._heard_s = self._message_s = self._accepted_s = now_s
        self._left = max(0, self._left - 1)

    def status(self, token: str, code: str, now_s: float) -> None:
        """The server said something of the request with this token: that it is alive, or that the request has ended."""
        if token != self.token:
            return
        self._heard_s = now_s
        if code in _ACCEPTED:
            self._accepted_s = now_s
        else:
            self._refused_s = now_s
        if code != "100":
            self._left = 0

    def lost(self) -> None:
        """The connection was lost, and with it the request."""
        self._left = 0

    def refused(self, now_s: float) -> bool:
        """Whether the server has done nothing but refuse for long."""
        return self._refused_s > self._accepted_s and self._refused_s - self._accepted_s >= GONE_S

    def stalled(self, now_s: float) -> bool:
        """Whether messages are asked for, and none has come for long; it is so without any in the stream, too."""
        return bool(self._left) and now_s - self._message_s >= STALLED_S

    def idle(self, now_s: float) -> None:
        """There are none in the stream, or none could be taken."""
        self._message_s = now_s
