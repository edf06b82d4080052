"""When an actor is to be woken next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from actors.recipient import Recipient
    from actors.runtime.clocks import Clock, Timer, Timers


class Wake(NamedTuple):
    """A timer's message to the actor that set it: look at what is due."""


class Alarm:
    """Sees that an actor gets a ``Wake`` in time, with one timer to come at most.

    A wish is covered by an earlier one, and cancels a later one. One that is due counts for nothing: its ``Wake`` may
    have got lost, and the next wish makes that good. Nor is it cancelled, because its ``Wake`` may only be late.

    A ``Wake`` may come for nothing, from such a timer or from the alarm of a behaviour that was thrown away.

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
        self._timer: Timer | None = None

    def wake_in(self, delay_s: float) -> None:
        """Have the actor woken in ``delay_s`` seconds, or earlier; a negative delay is none."""
        now_s = self._clock.monotonic_s()
        delay_s = max(0.0, delay_s)
        if now_s < self._pending_s <= now_s + delay_s:
            return
        later = self._timer if now_s < self._pending_s else None
        self._timer = self._timers.tell_after(delay_s, self._me, Wake())
        self._pending_s = now_s + delay_s
        if later is not None:
            later.cancel()  # last of all: one too many is better than none
