"""Which processor new payments go to, since when and why."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from actors.intake.dispatch.choice import Choice
from actors.intake.people.log_limit import LogLimit
from actors.words import payments as words

if TYPE_CHECKING:
    from actors.runtime.clocks import Clock

logger = logging.getLogger(__name__)

LINES_PER_S = 5
"""Two processors that are nearly equally fast may change places with each answer."""


class InUse:
    """Says so whenever it is another one.

    Args:
        clock: for since when.

    Attributes:
        since_ms: since when it is so; 0 before the first choice.
    """

    def __init__(self, clock: Clock) -> None:
        self.since_ms = 0
        self._clock = clock
        self._choice = Choice("", "")
        self._limit = LogLimit(LINES_PER_S)

    @property
    def processor(self) -> str:
        """Its name; empty while payments wait."""
        return self._choice.processor

    @property
    def choice(self) -> Choice:
        """The choice that brought it into use, or the last one for it."""
        return self._choice

    def note(self, choice: Choice) -> None:
        """Take note of a choice for a payment that nobody has refused."""
        before, self._choice = self._choice, choice
        if before.reason and before.processor == choice.processor:
            return
        self.since_ms, now_s = self._clock.now_ms(), self._clock.monotonic_s()
        left_out = self._limit.take_left_out(now_s)
        if before.reason and self._limit.allows(now_s):
            extra = {"from": before.processor, "to": choice.processor, "why": words.choice(choice)}
            logger.info("routing.switched", extra=extra | ({"left_out": left_out} if left_out else {}))
