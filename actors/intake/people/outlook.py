"""How all that is held is doing: whether payments wait, for what, and where new ones go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.intake.dispatch.routing import Cheapest
from actors.reports import HeldReport, ProcessorReport, ProcessorsReport, RoutingReport
from actors.words import payments as words
from actors.words import processors

if TYPE_CHECKING:
    from actors.intake.backlog.backlog import Backlog
    from actors.intake.dispatch.choice import Choice
    from actors.intake.dispatch.dispatcher import Dispatcher
    from actors.intake.dispatch.pool import Pool
    from actors.intake.people.describing import Now
    from actors.messages.health import CircuitState


class Outlook:
    """Tells of the whole.

    Args:
        backlog: what is held.
        pool: what is under way.
        dispatcher: where it goes.
        backlog_max: payments that may be held.
    """

    def __init__(self, backlog: Backlog, pool: Pool, dispatcher: Dispatcher, backlog_max: int) -> None:
        self._backlog = backlog
        self._pool = pool
        self._chooser = dispatcher.chooser
        self._drain = dispatcher.drain
        self._backlog_max = backlog_max

    def held(self, now: Now) -> HeldReport:
        """Whether payments wait, and why."""
        held = self._backlog.held
        counts = {
            "storing": len(held.storing) + len(held.held_back),
            "waiting": len(held.waiting),
            "in_flight": len(held.in_flight),
            "unknown": len(held.unknown),
            "parked": len(held.parked),
        }
        oldest = next(iter(held.entries.values()), None)
        why, next_ = self._held_why(now)
        return HeldReport(
            counts,
            self._backlog_max,
            0 if oldest is None else now.ms(oldest.taken_at_s),
            why,
            next_,
            self._drain.last.at_ms,
            round(self._drain.last.took_s, 3),
            self._drain.last.payments,
        )

    def processors(self, now: Now) -> ProcessorsReport:
        """How the processors are and which is in use; what the books know is 0."""
        return ProcessorsReport(tuple(self._processor(each, now) for each in now.circuits), self._routing(now))

    def _held_why(self, now: Now) -> tuple[str, str]:
        held, circuits = self._backlog.held, now.circuits
        if not any(each.health.healthy for each in circuits):
            since_ms = [now.ms(each.since_s) for each in circuits]
            return processors.failing(circuits, since_ms), processors.probes(circuits, now.at_s)
        oldest = held.waiting.oldest or next(iter(held.waiting), None)
        if oldest is None:
            return words.nothing_waits(len(held)), words.nothing_waits_next(len(held.unknown), len(held.parked))
        choice = self._chooser.explain(oldest, now.at_s)
        why = words.choice(choice, self._chooser.processors)
        return why, words.waiting_next(choice, circuits, now.at_s)[0]

    def _processor(self, state: CircuitState, now: Now) -> ProcessorReport:
        health, probe_at_s = state.health, state.probe_at_s
        return ProcessorReport(
            health.name,
            health.fee_bps,
            health.healthy,
            now.ms(state.since_s),
            processors.circuit(state.cause, state.reason),
            processors.next_step(health.name, None if probe_at_s is None else probe_at_s - now.at_s),
            round(health.latency_ms, 3) if state.latency_from else None,
            state.latency_from,
            health.stale,
            self._pool.busy(health.name),
            0,
            0,
            state.last_failure,
            now.ms(state.last_failure_s) if state.last_failure else 0,
        )

    def _routing(self, now: Now) -> RoutingReport:
        chooser = self._chooser
        choice = self._present_choice()
        policy = "cheapest" if isinstance(chooser.policy, Cheapest) else "fastest"
        why = words.choice(choice, chooser.processors)
        back = processors.back(choice, chooser.policy, now.circuits, now.at_s)
        return RoutingReport(policy, choice.processor, chooser.in_use.since_ms, choice.reason, why, back, 0.0, 0.0)

    def _present_choice(self) -> Choice:
        """That for a payment that comes now; or, while it would wait for the cheapest, where those before it go."""
        choice, in_use = self._chooser.for_new(), self._chooser.in_use.choice
        return choice if choice.processor or not self._chooser.is_healthy(in_use.processor) else in_use
