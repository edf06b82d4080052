"""What follows from an attempt that is over: for its payment, for what is known of its processor, for the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.facts import AttemptRefused, PaymentCrashed
from actors.values import Absent, Refused, Settled, Step, Unknown

if TYPE_CHECKING:
    from actors.facts import JournalEntry
    from actors.intake.backlog.backlog import Backlog
    from actors.intake.dispatch.dispatcher import Dispatcher
    from actors.intake.people.reporting import Reporter
    from actors.messages.settling import Attempt
    from actors.ports import Relay
    from actors.runtime.clocks import Clock
    from actors.values import Outcome


class Applier:
    """Applies outcomes.

    Args:
        backlog: where the payments are.
        dispatcher: told what attempts say of processors.
        reporter: tells people what is worth knowing.
        relay: takes the facts on record.
        clock: for ages.
    """

    def __init__(
        self, backlog: Backlog, dispatcher: Dispatcher, reporter: Reporter, relay: Relay, clock: Clock
    ) -> None:
        self._backlog = backlog
        self._dispatcher = dispatcher
        self._reporter = reporter
        self._relay = relay
        self._clock = clock

    def apply(self, outcome: Outcome | Absent, attempt: Attempt, asked_s: float) -> None:
        """Apply the outcome of an attempt of this epoch.

        Args:
            outcome: what came of it.
            attempt: the attempt.
            asked_s: when it was begun, on the monotonic clock.
        """
        payment_id, now_s = attempt.payment.payment_id, self._clock.monotonic_s()
        outcomes = self._backlog.outcomes
        outcomes.routes[attempt.processor].learn(attempt, outcome, asked_s, now_s)
        if not isinstance(outcome, Settled):
            outcomes.note_attempt(attempt, outcome, asked_s, now_s)
        match outcome:
            case Settled():
                notable = outcomes.settle(payment_id, outcome)
                self._dispatcher.resolved(attempt)  # and in flight until the ledger has recorded it
                if attempt.step is Step.POST:
                    outcomes.note_settled(attempt.processor)
                if notable is not None:
                    self._reporter.settled(notable, attempt, outcome)
            case Refused():
                self._dispatcher.failed(attempt)
                if outcomes.refuse(payment_id, outcome.reason, now_s, permanent=outcome.permanent):
                    self._state(AttemptRefused(payment_id, attempt.epoch))
            case Absent():
                witnessed, heard_of = outcome.witnessed, self._dispatcher.has_heard_of(attempt.processor)
                outcomes.absent(payment_id, now_s, asked_s=asked_s, witnessed=witnessed, heard_of=heard_of)
            case Unknown():
                self._dispatcher.failed(attempt)
                clean = outcome.denied or attempt.step is Step.LOOK_UP
                crashes = outcomes.mark_unknown(payment_id, now_s, crashed=outcome.crashed, clean=clean)
                if outcome.crashed and crashes:
                    self._state(PaymentCrashed(payment_id, crashes, attempt.epoch))

    def park(self, payment_id: bytes, epoch: int, reason: str) -> None:
        """Set a payment aside whose outcome can't be handled; one of an earlier epoch is gone."""
        if epoch == self._backlog.epoch:
            self._backlog.outcomes.park_unhandled(payment_id, reason, self._clock.monotonic_s())

    def _state(self, fact: JournalEntry) -> None:
        """Put a fact on record that nobody waits for."""
        if self._relay.records:
            self._relay.after((fact,))
