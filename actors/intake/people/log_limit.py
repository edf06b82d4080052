"""So many log lines of one kind a second, and no more: an outage must not stop the intake to write of each payment."""

from __future__ import annotations


class LogLimit:
    """Lets lines through, and counts the others.

    Args:
        per_s: how many may be written in a second.
    """

    def __init__(self, per_s: int) -> None:
        self._per_s = per_s
        self._since_s = float("-inf")
        self._lines = 0
        self._left_out = 0

    def allows(self, now_s: float) -> bool:
        """Whether a line may be written now; if not, it is counted.

        Args:
            now_s: the present, on the monotonic clock.
        """
        if now_s - self._since_s >= 1.0:
            self._since_s, self._lines = now_s, 0
        self._lines += 1
        if self._lines > self._per_s:
            self._left_out += 1
        return self._lines <= self._per_s

    @property
    def due_s(self) -> float | None:
        """When to say how many were left out, on the monotonic clock; None if none were."""
        return self._since_s + 1.0 if self._left_out else None

    def take_left_out(self, now_s: float) -> int:
        """How many were left out since this was asked last, if it is due."""
        if self.due_s is None or self.due_s > now_s:
            return 0
        left_out, self._left_out = self._left_out, 0
        return left_out
