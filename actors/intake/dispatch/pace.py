"""How fast waiting payments are sent: a token bucket, so that draining a backlog leaves time for acknowledgements."""

from __future__ import annotations

BURST_S = 0.01
"""So much of the rate may go at once: what arrives together in a busy second isn't held up."""


class Pace:
    """A token bucket. Once it is empty, it fills up half before anything goes again, so that payments go in groups.

    To wake up for each payment alone costs as much CPU time as to settle it.

    Args:
        per_s: payments per second in the long run; infinity for no limit.
    """

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._burst = max(2.0, per_s * BURST_S)
        self._tokens = self._burst
        self._at_s = float("-inf")
        self._is_empty = False

    def ready_in_s(self, now_s: float) -> float:
        """Seconds until the next payment may go; 0 if it may go now."""
        self._fill(now_s)
        self._is_empty = self._tokens < (self._burst / 2 if self._is_empty else 1.0)
        return (self._burst / 2 - self._tokens) / self._per_s if self._is_empty else 0.0

    def take(self, now_s: float) -> None:
        """Note that a payment goes."""
        self._fill(now_s)
        self._tokens -= 1.0

    def _fill(self, now_s: float) -> None:
        if now_s > self._at_s:
            self._tokens = min(self._burst, self._tokens + (now_s - self._at_s) * self._per_s)
            self._at_s = now_s
