"""The poller: asks a processor's health endpoint for the health actor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.messages.health import HealthPolled
from actors.runtime.alarm import Alarm, Wake

if TYPE_CHECKING:
    from actors.ports import ProcessorClient
    from actors.recipient import Recipient
    from actors.runtime.clocks import Clock, Timers


POLL_INTERVAL_S = 5.1
"""From one call of a health endpoint to the next. The processors allow one per 5 s; the rest is for the clocks."""


class HealthPoller:
    """Asks one processor's health endpoint. It blocks meanwhile, so it is an actor of its own.

    Args:
        me: its own reference.
        client: the processor's client.
        processor: the processor's name.
        health: told of the reports.
        timers: for the next poll.
        clock: for the interval.
        schedule: by processor, when it may be polled next on the monotonic clock; it outlives a restart, so that the
            endpoint isn't called too soon after one.
    """

    def __init__(
        self,
        me: Recipient,
        client: ProcessorClient,
        processor: str,
        health: Recipient,
        timers: Timers,
        clock: Clock,
        schedule: dict[str, float],
    ) -> None:
        self._client = client
        self._processor = processor
        self._health = health
        self._clock = clock
        self._schedule = schedule
        self._alarm = Alarm(me, timers, clock)

    def on_start(self) -> None:
        """Poll at once, or when it is due."""
        self._poll_later()

    def on_receive(self, message: Any) -> None:
        """Poll, if it is due: a timer of the time before a restart may come early."""
        if not isinstance(message, Wake):
            raise TypeError(f"a health poller doesn't know {message!r}")
        now_s = self._clock.monotonic_s()
        if now_s >= self._schedule.get(self._processor, now_s):
            self._schedule[self._processor] = now_s + POLL_INTERVAL_S
            self._health.tell(HealthPolled(self._processor, self._client.health(), now_s))
        self._poll_later()

    def may_retry(self, message: Any) -> bool:
        """No: the endpoint was called."""
        return False

    def on_give_up(self, message: Any) -> bool:
        """The next poll has been scheduled by the restart."""
        return True

    def _poll_later(self) -> None:
        now_s = self._clock.monotonic_s()
        self._alarm.wake_in(self._schedule.get(self._processor, now_s) - now_s)
