"""What a bench says of itself: what it does, how long that takes, where its figures go, and what is left of it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

STOPPED = 130
"""The exit code after Ctrl-C, as a shell has it: the figures are there, but fewer than were asked for."""


class Progress:
    """Says, a line each on stderr, which step runs, and how long all will take by those that are done.

    Args:
        steps_s: how long each takes, estimated; once some are done, what they took corrects that of the others.
        now_s: the clock.
    """

    def __init__(self, steps_s: Sequence[float], now_s: Callable[[], float] = time.monotonic) -> None:
        self._steps_s = list(steps_s)
        self._now_s = now_s
        self._begun_s = now_s()
        self.done = 0

    def plan(self, what: str, where: Path | None) -> None:
        """Say at the start what is measured, how long it takes, and where the figures go."""
        place = f"; figures go to {where}" if where is not None else ""
        _say(f"{what}: about {duration(sum(self._steps_s))}{place}; Ctrl-C stops it and keeps what is done")

    def begin(self, step: str) -> None:
        """Say that a step begins."""
        _say(f"[{self.done + 1}/{len(self._steps_s)}] {step}, {duration(self.left_s())} left")

    def end(self) -> None:
        """A step is done."""
        self.done += 1

    def skip(self, steps: int) -> None:
        """So many of the next steps won't be run."""
        del self._steps_s[self.done : self.done + steps]

    def left_s(self) -> float:
        """Seconds until the last step is done, estimated."""
        expected_s = sum(self._steps_s[: self.done])
        pace = (self._now_s() - self._begun_s) / expected_s if expected_s else 1.0
        return sum(self._steps_s[self.done :]) * pace

    def stopped(self, where: Path | None) -> int:
        """Say what is left of a bench that Ctrl-C stopped.

        Returns:
            The exit code.
        """
        kept = f", in {where}" if where is not None and self.done else ""
        _say(f"stopped: {self.done} of {len(self._steps_s)} steps are done{kept}")
        return STOPPED


def duration(seconds: float) -> str:
    """So many seconds in words: ``40 s``, ``3 min``."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def taken(paths: Iterable[Path]) -> Path | None:
    """The first of these files that holds figures already, which nothing may be written over unasked."""
    return next((each for each in paths if each.exists()), None)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
