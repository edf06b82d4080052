"""The processor-health actor, and the poller that asks the processors' health endpoints for it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from actors.messages.health import (
    AttemptObserved,
    CircuitState,
    GetCircuits,
    HealthChanged,
    HealthPolled,
    ProbeDue,
    ProbeMissing,
)
from actors.messages.people import GetHealth
from actors.runtime.alarm import Alarm, Wake
from actors.words import processors as words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actors.health.circuit import Circuit
    from actors.recipient import Recipient
    from actors.runtime.clocks import Clock, Timers
    from actors.values import ProcessorHealth

logger = logging.getLogger(__name__)


SIGNIFICANT_MS = 2.0
"""Latencies that differ by less are no news for routing, whose tolerance is a multiple of it."""


class Health:
    """Learns from payments and polls, tells the intake what is new, and has unhealthy processors probed.

    Args:
        me: its own reference, for timers and for the intake's answers.
        circuits: by processor, in the configured order; they outlive its restarts.
        intake: told of changes and of probes that are due.
        timers: for probes.
        clock: for ages.
    """

    def __init__(
        self, me: Recipient, circuits: Mapping[str, Circuit], intake: Recipient, timers: Timers, clock: Clock
    ) -> None:
        self._me = me
        self._circuits = circuits
        self._intake = intake
        self._clock = clock
        self._alarm = Alarm(me, timers, clock)
        self._told: tuple[ProcessorHealth, ...] = ()

    def on_start(self) -> None:
        """Tell what is known."""
        self._tell_changes()
        self._wake_later()

    def on_receive(self, message: Any) -> tuple[ProcessorHealth, ...] | tuple[CircuitState, ...] | None:
        """Learn, or probe."""
        now_s = self._clock.monotonic_s()
        match message:
            case AttemptObserved():
                circuit = self._circuits[message.processor]
                was_healthy = circuit.healthy
                succeeded, latency_ms = message.succeeded, message.latency_ms
                circuit.observe(succeeded, latency_ms, now_s, again=message.again, reason=message.reason)
                if message.turned_away and was_healthy and not circuit.healthy:
                    # A failing processor is the processors' affair; whom it turns away may have to do something.
                    extra = {"processor": message.processor, "answer": message.reason}
                    logger.warning("health.turned_away", extra=extra)
            case HealthPolled():
                if message.report is not None:
                    self._circuits[message.processor].report(message.report, message.asked_at_s, now_s)
            case ProbeMissing():
                self._circuits[message.processor].miss_probe()
            case Wake():
                pass  # a probe may be due: see below
            case GetHealth():
                return self._states()
            case GetCircuits():
                return tuple(circuit.describe(now_s) for circuit in self._circuits.values())
            case _:
                raise TypeError(f"the health actor doesn't know {message!r}")
        self._tell_changes()
        for circuit in self._circuits.values():
            if circuit.probe_due(now_s):
                self._intake.tell(ProbeDue(circuit.name, self._me, overtakes=circuit.says_well))
        self._wake_later()
        return None

    def may_retry(self, message: Any) -> bool:
        """No: an observation more or less doesn't matter."""
        return False

    def on_give_up(self, message: Any) -> bool:
        """Let it go: the next observation will do."""
        return True

    def _states(self) -> tuple[ProcessorHealth, ...]:
        now_s = self._clock.monotonic_s()
        return tuple(circuit.state(now_s) for circuit in self._circuits.values())

    def _tell_changes(self) -> None:
        states = self._states()
        if len(self._told) == len(states) and not any(map(_is_news, self._told, states)):
            return
        for before, now in zip(self._told, states, strict=False):
            if before.healthy != now.healthy:
                self._log(self._circuits[now.name])
        self._told = states
        self._intake.tell(HealthChanged(states))

    def _log(self, circuit: Circuit) -> None:
        why, for_s = words.circuit(circuit.cause, circuit.reason), round(circuit.lasted_s, 3)
        extra = {"processor": circuit.name, "healthy": circuit.healthy, "why": why, "for_s": for_s}
        logger.info("health.circuit", extra=extra)

    def _wake_later(self) -> None:
        due_s = min((each.probe_at_s for each in self._circuits.values() if each.probe_at_s is not None), default=None)
        if due_s is not None:
            self._alarm.wake_in(due_s - self._clock.monotonic_s())


def _is_news(before: ProcessorHealth, now: ProcessorHealth) -> bool:
    return (
        before.healthy != now.healthy
        or before.stale != now.stale
        or abs(before.latency_ms - now.latency_ms) >= SIGNIFICANT_MS
    )
