"""Traces of a log that is still being written: each as soon as its payment has ended, or nothing more comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.trace.reading.hop_line import parse_line
from rinha.trace.reading.read import hyphenated
from rinha.trace.reading.spans import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rinha.trace.reading.hop_line import HopLine

GRACE_S = 0.5
"""The lines of another process may come so much later."""
QUIET_S = 5.0
"""A payment of which nothing comes for so long is shown as it is, and again once there is more."""
OPEN_MAX = 10_000
"""So many payments are held at a time; then those that were quiet for longest are shown and forgotten."""


class _Payment:
    __slots__ = ("is_shown", "last_s", "lines")

    def __init__(self) -> None:
        self.lines: list[HopLine] = []
        self.last_s = 0.0
        self.is_shown = False


class Follower:
    """Collects the lines of payments until they can be shown. Reads no clock.

    Args:
        digits: of an id, if only payments that begin so are of interest.
    """

    def __init__(self, digits: str = "") -> None:
        self._beginning = hyphenated(digits)
        self._needle = self._beginning.encode()
        self._open: dict[str, _Payment] = {}

    def put(self, line: bytes, now_s: float) -> None:
        """Take a line of the log, a trace line or another one.

        Args:
            line: the line.
            now_s: on any clock that doesn't jump.
        """
        if self._needle not in line or not (hop := parse_line(line)):
            return
        if not hop.correlation_id.startswith(self._beginning):
            return
        payment = self._open.pop(hop.correlation_id, None) or _Payment()
        payment.lines.append(hop)
        payment.last_s, payment.is_shown = now_s, False
        # Last in, so that those that have been quiet for longest stand first.
        self._open[hop.correlation_id] = payment

    def ready(self, now_s: float, *, at_end: bool = False) -> Iterator[Trace]:
        """The traces that can be shown. One that hasn't ended comes again once there is more of it.

        Args:
            now_s: on the same clock.
            at_end: nothing more will come, so that all can.
        """
        surplus = len(self._open) - OPEN_MAX
        for number, (key, payment) in enumerate(list(self._open.items())):
            quiet_s = now_s - payment.last_s
            if quiet_s < GRACE_S and number >= surplus and not at_end:
                return
            if payment.is_shown:
                if number < surplus:
                    del self._open[key]
                continue
            trace = Trace(payment.lines[0].payment_id, payment.lines)
            if at_end or number < surplus or trace.has_ended:
                del self._open[key]
            elif quiet_s < QUIET_S:
                continue
            payment.is_shown = True
            yield trace
