"""Crashes of actors: counted, logged, and too many of them are the end.

Too many within a time end the process, as with the restart intensity of Erlang/OTP's supervisors, but for the system as
a whole.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.runtime.clocks import Clock

logger = logging.getLogger(__name__)

ENDS_PROCESS = (KeyboardInterrupt, SystemExit)
"""No crash, but the process's end. All else is caught: ``gevent.Timeout`` and ``GreenletExit``, which are no
``Exception``s, would stop every actor.
"""


class Crashes:
    """Counts the crashes of all actors, and escalates beyond the intensity.

    Args:
        clock: for the intensity.
        on_escalate: called once, when crashes pass the intensity; ends the process with a failure.
        crashes_max: so many crashes are borne …
        within_s: … within so many seconds, over all actors.
    """

    def __init__(
        self, clock: Clock, on_escalate: Callable[[], None], *, crashes_max: int = 5, within_s: float = 30.0
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.escalated = False
        self.at_start: dict[str, BaseException] = {}
        """What behaviours raised when their actors were to start; whoever starts them takes it from here."""
        self._clock = clock
        self._on_escalate = on_escalate
        self._crashes_max = crashes_max
        self._within_s = within_s
        self._recent: deque[float] = deque()

    def note(self, name: str, message: Any, error: BaseException, *, counts: bool = True) -> None:
        """Take note of a crash; beyond the intensity, escalate.

        Args:
            name: whose behaviour it was.
            message: what it was handling.
            error: what it raised.
            counts: whether it counts for the intensity.
        """
        self.counts[name] += 1
        logger.error("actor.crashed", exc_info=error, extra={"actor": name, "letter": repr(message)[:500]})
        if not counts:
            return
        now_s = self._clock.monotonic_s()
        self._recent.append(now_s)
        while self._recent[0] <= now_s - self._within_s:
            self._recent.popleft()
        if len(self._recent) > self._crashes_max and not self.escalated:
            self.escalated = True
            logger.critical(
                "actor.intensity_exceeded", extra={"crashes": len(self._recent), "within_s": self._within_s}
            )
            self._on_escalate()
