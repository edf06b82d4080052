"""When an actor is to be woken next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from actors.recipient import Recipient
    from actors.runtime.clocks import Clock, Timers


class Wake(NamedTuple):
    """A timer's message to the actor that set it: look at what is due."""


class Alarm:
    """Sees that an actor gets a ``Wake`` in time, without a timer for every wish.

    Timers can't be cancelled. One that an earlier one overtook still goes off; its ``Wake`` doesn't count as the
    pending one, or timers would breed. A ``Wake`` that got lost is made good by the next wish.

    Args:
        me: the actor.
        timers: they bring the ``Wake``.
        clock: the monotonic clock of the instants.
    """

    def __init__(self, me: Recipient, timers: Timers, clock: Clock) -> None:
        self._me = me
        self._timers = timers
        self._clock = clock
        self._pending_s = float("-inf")

    def wake_in(self, delay_s: float) -> None:
        """Have the actor woken in ``delay_s`` seconds, or earlier; a negative delay is none."""
        now_s = self._clock.monotonic_s()
        delay_s = max(0.0, delay_s)
        if now_s < self._pending_s <= now_s + delay_s:
            return
        self._pending_s = now_s + delay_s
        self._timers.tell_after(delay_s, self._me, Wake())
