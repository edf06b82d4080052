"""Bugs in the actors: intake, ledger, journal and their runtime."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from actors.facts import PaymentsPurged
from actors.health.circuit import Circuit
from actors.intake.actor import Intake
from actors.intake.applying import Applier
from actors.intake.backlog import refusals
from actors.intake.backlog.backlog import Backlog
from actors.intake.backlog.doubts import Doubts
from actors.intake.backlog.outcomes import Outcomes
from actors.intake.backlog.route import Route
from actors.intake.credits import Credits
from actors.intake.dispatch import probes
from actors.intake.dispatch.dispatcher import Dispatcher
from actors.intake.dispatch.pool import Pool
from actors.intake.dispatch.probes import Probes
from actors.intake.earlier import Earlier
from actors.journal.acceptance import Durable
from actors.ledger.book import Book
from actors.messages.journal import PaymentsStored, Persist
from actors.messages.sessions import VerdictsGiven
from actors.packed.id_map import IdMap
from actors.runtime.alarm import Alarm, Wake
from actors.system import UNBOUNDED
from actors.values import Refused, Settled, Verdict
from rinha.processors import wire
from tests.simulation.mutants.registry import Mutants

if TYPE_CHECKING:
    import pytest

    from actors.intake.backlog.entry import Entry

MUTANTS = Mutants()


@MUTANTS.at("steady")
def a_refusal_clears_an_unknown(patch: pytest.MonkeyPatch) -> None:
    real = Outcomes.refuse

    def refuse(self: Outcomes, payment_id: bytes, reason: str, now_s: float, *, permanent: bool) -> bool:
        if payment_id in self._in_flight:
            self._in_flight[payment_id].bound = False
        return real(self, payment_id, reason, now_s, permanent=permanent)

    patch.setattr(Outcomes, "refuse", refuse)


@MUTANTS.at("steady")
def a_404_clears_an_unknown(patch: pytest.MonkeyPatch) -> None:
    def absent(self: Outcomes, payment_id: bytes, now_s: float, **how: Any) -> None:
        self.refuse(payment_id, "not there", now_s, permanent=False)

    patch.setattr(Outcomes, "absent", absent)
    a_refusal_clears_an_unknown(patch)


@MUTANTS.at("steady")
def an_unknown_goes_to_the_other_processor(patch: pytest.MonkeyPatch) -> None:
    real = Outcomes._wait_for_outcome

    def wait(self: Outcomes, entry: Entry, now_s: float) -> None:
        entry.processor = next(name for name in self._processors if name != entry.processor)
        real(self, entry, now_s)

    patch.setattr(Outcomes, "_wait_for_outcome", wait)


@MUTANTS.at("steady")
def an_unknown_gets_a_new_requested_at(patch: pytest.MonkeyPatch) -> None:
    real = Applier.apply

    def apply(self: Applier, outcome: Any, attempt: Any, asked_s: float) -> None:
        entry = self._backlog.held.in_flight.get(attempt.payment.payment_id)
        real(self, outcome, attempt, asked_s)
        if entry is not None and not isinstance(outcome, Settled):
            entry.requested_at_ms += 1

    patch.setattr(Applier, "apply", apply)
    patch.setattr(wire, "read_find_answer", lambda *_: Refused("HTTP 404"))
    real_read = wire.read_post_answer

    def read(answer: wire.Answer, payment: Any, requested_at_ms: int) -> Any:
        if answer.status == 422:
            return Settled(payment.amount_cents, requested_at_ms)
        return real_read(answer, payment, requested_at_ms)

    patch.setattr(wire, "read_post_answer", read)


@MUTANTS.at("steady")
def a_purge_without_epoch_in_the_books(patch: pytest.MonkeyPatch) -> None:
    real = Book.record
    patch.setattr(Book, "record", lambda self, row, epoch: real(self, row, self.epoch))


@MUTANTS.at("steady")
def a_purge_without_epoch_at_the_intake(patch: pytest.MonkeyPatch) -> None:
    real = Intake._end_attempt

    def end(self: Intake, message: Any) -> None:
        if self._pool.carries_out(message.actor, message.attempt):
            attempt = message.attempt._replace(epoch=self._backlog.epoch)
            self._pool._busy[attempt.processor][message.actor] = attempt, 0.0
            message = message._replace(attempt=attempt)
        real(self, message)

    patch.setattr(Intake, "_end_attempt", end)


@MUTANTS.at("steady")
def a_lost_wake_up(patch: pytest.MonkeyPatch) -> None:
    """Of the alarm: a wish counts as granted when an earlier one is past."""

    def wake_in(self: Alarm, delay_s: float) -> None:
        due_s = self._clock.monotonic_s() + max(0.0, delay_s)
        if self._pending_s == float("-inf") or due_s < self._pending_s:
            self._pending_s = due_s
            self._timers.tell_after(max(0.0, delay_s), self._me, Wake())

    patch.setattr(Alarm, "wake_in", wake_in)


@MUTANTS.at("steady")
def no_wake_up_for_unknown_outcomes(patch: pytest.MonkeyPatch) -> None:
    real = Dispatcher.wake_in_s

    def wake_in_s(self: Dispatcher) -> float | None:
        return real(self) if self._backlog.heads(self._clock.monotonic_s()) else None

    patch.setattr(Dispatcher, "wake_in_s", wake_in_s)
    patch.setattr(Doubts, "due_s", None)  # a warning that is due wakes the intake as well


@MUTANTS.at("steady")
def a_late_result_of_an_older_attempt_accepted(patch: pytest.MonkeyPatch) -> None:
    """And refused payments go again at once, five times: who rests is in flight nowhere when it comes twice."""
    real_rest_s = refusals.rest_s

    def rest_s(refused: Any) -> float:
        return real_rest_s(refused) if sum(each.times for each in refused.values()) > 5 else 0.0

    def carries_out(self: Pool, worker: Any, attempt: Any) -> bool:
        return worker in self._busy[attempt.processor]

    def end_attempt(self: Intake, message: Any) -> None:
        if message.attempt.epoch == self._backlog.epoch:
            self._applier.apply(message.outcome, message.attempt, self._clock.monotonic_s())
        self._pool.end(message.actor, message.attempt)

    patch.setattr(refusals, "rest_s", rest_s)
    patch.setattr(Pool, "carries_out", carries_out)
    patch.setattr(Intake, "_end_attempt", end_attempt)


@MUTANTS.at("steady")
def no_deduplication(patch: pytest.MonkeyPatch) -> None:
    real = Backlog.take

    def take(self: Backlog, payment: Any, now_s: float, **how: Any) -> Verdict:
        self.ids._cents = IdMap()
        return real(self, payment, now_s, **how)

    patch.setattr(Backlog, "take", take)


@MUTANTS.at("durable")
def a_crash_in_flight_taken_for_a_refusal(patch: pytest.MonkeyPatch) -> None:
    """One for good: after a passing one it mostly goes to the same processor again, which has it and says so."""
    real = Applier.apply

    def apply(self: Applier, outcome: Any, attempt: Any, asked_s: float) -> None:
        refused = Refused("crashed", permanent=True)
        real(self, refused if getattr(outcome, "crashed", False) else outcome, attempt, asked_s)

    patch.setattr(Applier, "apply", apply)


@MUTANTS.at("steady")
def credit_of_closed_sessions_is_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Credits, "close", lambda self, session: None)


@MUTANTS.at("durable")
def acknowledged_before_it_is_stored(patch: pytest.MonkeyPatch) -> None:
    def after(self: Durable, entries: Any, *then: Any) -> None:
        for recipient, message in then:
            if isinstance(message, VerdictsGiven):
                recipient.tell(message)
        self._journal.tell(Persist(tuple(entries), tuple(each for each in then if type(each[1]) is not VerdictsGiven)))

    patch.setattr(Durable, "after", after)


@MUTANTS.at("durable")
def sent_before_the_attempt_is_on_record(patch: pytest.MonkeyPatch) -> None:
    def send(self: Intake, worker: Any, attempt: Any) -> None:
        worker.tell(attempt)

    patch.setattr(Intake, "_send", send)


@MUTANTS.at("durable")
def a_purge_that_is_not_on_record(patch: pytest.MonkeyPatch) -> None:
    real = Durable.after

    def after(self: Durable, entries: Any, *then: Any) -> None:
        real(self, [each for each in entries if type(each) is not PaymentsPurged], *then)

    patch.setattr(Durable, "after", after)


@MUTANTS.at("fragile")
def a_redelivered_payment_is_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    real = Backlog.take
    patch.setattr(Backlog, "take", lambda self, payment, now_s, **how: real(self, payment, now_s))


@MUTANTS.at("queued", "background")
def suspects_are_looked_for_at_once(patch: pytest.MonkeyPatch) -> None:
    def ask(self: Outcomes, entry: Entry, now_s: float) -> None:
        entry.unasked = list(self._processors)
        self._unknown.push(entry, now_s)

    patch.setattr(Outcomes, "ask_everywhere", ask)


@MUTANTS.at("fragile", "queued")
def a_new_worker_waits_for_no_api(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Earlier, "hold_left_s", lambda self, now_s: 0.0)


@MUTANTS.at("fragile", "queued")
def what_waits_while_an_api_tells_of_it_is_no_suspect(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backlog, "suspect", lambda self, payment_ids, now_s: None)


@MUTANTS.at("fragile")
def any_look_up_in_vain_is_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Route, "vouches_for", lambda self, absence, **how: True)


@MUTANTS.at("fragile", "queued")
def look_ups_without_a_witness_end_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Route, "is_past_proof", lambda self, absence: not self.witness)


@MUTANTS.at("steady")
def a_422_is_a_refusal_as_soon_as_it_is_not_found(patch: pytest.MonkeyPatch) -> None:
    """Though an answer to an earlier post was lost, and the post may be committed yet."""
    real = Outcomes.mark_unknown

    def mark_unknown(self: Outcomes, payment_id: bytes, now_s: float, **how: Any) -> None:
        real(self, payment_id, now_s, **how | {"clean": True})
        for each in self._unknown:
            each.posted_at_s = 0.0

    patch.setattr(Outcomes, "mark_unknown", mark_unknown)
    patch.setattr(Route, "vouches_for", lambda self, absence, **how: True)


@MUTANTS.at("durable")
def what_is_stored_may_find_a_full_mailbox(patch: pytest.MonkeyPatch) -> None:
    bounded = tuple(each for each in UNBOUNDED if each is not PaymentsStored)
    patch.setattr("tests.simulation.worker.UNBOUNDED", bounded)


@MUTANTS.at("durable")
def a_refusal_on_record_of_a_payment_that_is_bound(patch: pytest.MonkeyPatch) -> None:
    real = Outcomes.refuse

    def refuse(self: Outcomes, payment_id: bytes, reason: str, now_s: float, *, permanent: bool) -> bool:
        real(self, payment_id, reason, now_s, permanent=permanent)
        return True

    patch.setattr(Outcomes, "refuse", refuse)


@MUTANTS.at("steady")
def no_wake_up_for_those_that_rest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backlog, "rested_s", None)


@MUTANTS.at("steady")
def payments_that_are_refused_go_first_and_count_each_time(patch: pytest.MonkeyPatch) -> None:
    real = Circuit.observe

    def observe(self: Circuit, succeeded: bool | None, latency_ms: float, now_s: float, **how: Any) -> None:
        real(self, bool(succeeded), latency_ms, now_s)

    def waiting_probe(self: Dispatcher, name: str, unfit: Any, now_s: float, *, fresh: bool) -> Entry | None:
        return next(chain(self._backlog.resting(), self._backlog.heads(now_s)), None)

    patch.setattr(Circuit, "observe", observe)
    patch.setattr(Dispatcher, "_waiting_probe", waiting_probe)
    patch.setattr(Probes, "prefers_fresh", lambda self, processor: False)
    patch.setattr(Probes, "unfit", lambda self, processor, now_s: frozenset())


@MUTANTS.at("steady")
def probes_are_lost_for_lack_of_a_payment(patch: pytest.MonkeyPatch) -> None:
    """And nobody says so: a circuit whose payments have all failed there never closes."""
    patch.setattr(Circuit, "miss_probe", lambda self: None)
    patch.setattr(probes, "UNFIT_S", float("inf"))
