"""Backlogs that drain: payments have waited for long, and go now; how long that takes until none is left."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from actors.intake.backlog.entry import Entry
    from actors.runtime.clocks import Clock

logger = logging.getLogger(__name__)

LONG_S = 1.0
"""Who waits no longer is only paced, or waits for an answer of the processor that is slow now."""

GONE_S = 0.1
"""The backlog is gone when nobody waits any more who has waited so long: new payments come all the time."""


class Drained(NamedTuple):
    """A backlog that is gone.

    Args:
        at_ms: when it was; 0 if there was none.
        took_s: seconds from the first payment that was sent of it to the last.
        payments: how many were sent meanwhile.
    """

    at_ms: int = 0
    took_s: float = 0.0
    payments: int = 0


class Drain:
    """Notices when a backlog begins to drain, and says when it is gone.

    Args:
        clock: for how long it takes.

    Attributes:
        is_open: whether one drains now.
        last: the last one that is gone.
    """

    def __init__(self, clock: Clock) -> None:
        self.is_open = False
        self.last = Drained()
        self._clock = clock
        self._begun_s = 0.0
        self._payments = 0

    def note(self, now_s: float) -> None:
        """Note that a payment is sent that has waited for long, or that another one is while ``is_open``."""
        if not self.is_open:
            self.is_open, self._begun_s, self._payments = True, now_s, 0
        self._payments += 1

    def look(self, oldest: Entry | None) -> None:
        """See whether the backlog is gone.

        Args:
            oldest: the oldest payment that waits and has never been refused; None without any.
        """
        now_s = self._clock.monotonic_s()
        if oldest is not None and now_s - oldest.taken_at_s > GONE_S:
            return
        self.is_open = False
        self.last = Drained(self._clock.now_ms(), now_s - self._begun_s, self._payments)
        extra = {"payments": self.last.payments, "took_s": round(self.last.took_s, 3)}
        logger.info("backlog.drained", extra=extra)
