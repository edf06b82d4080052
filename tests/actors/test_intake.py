"""The intake among neighbours that take notes: what it answers, to whom it gives work, and what it keeps."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from actors.backlog import Backlog
from actors.credits import Credits
from actors.dispatcher import Dispatcher
from actors.intake import Intake
from actors.messages import (
    Attempt,
    AttemptEnded,
    CreditGranted,
    ForgetPayments,
    GetHeld,
    GetParked,
    GetStatistics,
    HealthChanged,
    Payment,
    PaymentRecorded,
    PaymentsTaken,
    ProbeDue,
    ProcessorHealth,
    Purge,
    RecordingFailed,
    Refused,
    RetryParked,
    SessionClosed,
    SessionOpened,
    Settled,
    Statistics,
    Step,
    SubmitPayments,
    Unknown,
    Verdict,
    WorkerReady,
)
from actors.pool import Pool
from actors.routing import Fastest
from actors.supervisor import ActorFailed
from actors.tracing import Tracer

if TYPE_CHECKING:
    from actors.messages import Outcome
    from actors.supervisor import Reference
    from tests.actors.conftest import World

ASK_S = 5.0
NAMES = ("default", "fallback")
HEALTHY = (ProcessorHealth("default", 500), ProcessorHealth("fallback", 1500))
DOWN = tuple(each._replace(healthy=False) for each in HEALTHY)


def payment(number: int, cents: int = 1990, *, traced: bool = False) -> Payment:
    return Payment(number.to_bytes(16), cents, int(traced))


class Bench:
    """The intake, a session, two payment actors and a ledger."""

    def __init__(self, world: World, *, backlog_max: int = 1000) -> None:
        self.world = world
        self.ledger = world.probe("ledger")
        self.session = world.probe("session")
        self.workers = [world.probe("worker-1"), world.probe("worker-2")]
        self.backlog = Backlog(NAMES)
        self.pool = Pool(NAMES, limit=2)
        self.credits = Credits(backlog_max)
        self.dispatcher = Dispatcher(self.backlog, self.pool, Fastest(), HEALTHY, world.clock)
        self.intake = world.start("intake", self.make)
        self.sequence = 1

    def make(self, me: Reference) -> Intake:
        return Intake(
            me,
            self.backlog,
            self.credits,
            self.pool,
            self.dispatcher,
            self.ledger.reference,
            self.world.timers,
            self.world.clock,
            Tracer(1.0, self.trace),
        )

    def trace(self, event: dict[str, object]) -> None:
        self.world.traces.append(event)

    def ready(self) -> None:
        for worker in self.workers:
            self.tell(WorkerReady(worker.reference))

    def tell(self, message: Any) -> None:
        self.intake.tell(message)
        gevent.idle()

    def submit(self, *payments: Payment, epoch: int = 0, redelivered: bool = False) -> None:
        first, self.sequence = self.sequence, self.sequence + len(payments)
        self.tell(SubmitPayments(self.session.reference, epoch, first, payments, redelivered))

    def attempts(self) -> list[Attempt]:
        """Attempts since the last look, of all payment actors."""
        return [each for worker in self.workers for each in worker.take(Attempt)]

    def attempt(self) -> Attempt:
        (only,) = self.attempts()
        return only

    def end(self, attempt: Attempt, outcome: Outcome) -> None:
        """Have the payment actor that is at work on an attempt report."""
        (worker,) = [each for each in self.workers if self.pool.carries_out(each.reference, attempt)]
        self.tell(AttemptEnded(worker.reference, attempt, outcome))

    def settle(self, attempt: Attempt) -> None:
        self.end(attempt, Settled(attempt.payment.amount_cents, attempt.requested_at_ms))
        self.tell(PaymentRecorded(attempt.payment.payment_id, attempt.epoch))

    def statistics(self) -> Statistics:
        counts: Statistics = self.intake.ask(GetStatistics(), timeout=ASK_S)
        held = counts.waiting + counts.in_flight + counts.unknown + counts.parked
        assert counts.accepted == counts.settled + held
        return counts


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


@pytest.fixture
def ready(bench: Bench) -> Bench:
    bench.ready()
    return bench


class TestTaking:
    def test_a_run_of_payments_is_answered_at_once_by_its_last_sequence(self, bench: Bench) -> None:
        bench.submit(payment(1), payment(2), payment(3))
        assert bench.session.of(PaymentsTaken) == [PaymentsTaken(3)]
        assert bench.statistics().waiting == 3

    def test_the_acknowledgement_precedes_every_dispatch(self, world: World, ready: Bench) -> None:
        """Seen by one actor that is both the session and the payment actor: its mailbox has the order."""
        both = world.probe("both")
        ready.session = both
        for worker in ready.workers:
            ready.pool.begin(Attempt(payment(0), "fallback", 0, 0, Step.POST), 0.0)
            worker.received.clear()
        ready.tell(WorkerReady(both.reference))
        ready.submit(payment(1), payment(2))
        assert [type(each) for each in both.received] == [PaymentsTaken, Attempt]

    def test_a_known_id_of_the_same_amount_is_taken_once(self, bench: Bench) -> None:
        bench.submit(payment(1), payment(1))
        bench.submit(payment(1), redelivered=True)
        assert bench.session.of(PaymentsTaken) == [PaymentsTaken(2), PaymentsTaken(3)]
        counts = bench.statistics()
        assert (counts.accepted, counts.waiting, counts.duplicates) == (1, 1, 2)

    def test_another_amount_is_a_conflict(self, bench: Bench) -> None:
        bench.submit(payment(1), payment(1, 5), payment(2), payment(2, 6))
        conflicts = ((2, Verdict.CONFLICT), (4, Verdict.CONFLICT))
        assert bench.session.of(PaymentsTaken) == [PaymentsTaken(4, conflicts)]
        assert bench.statistics().conflicts == 2

    def test_a_settled_id_is_known_still(self, ready: Bench) -> None:
        ready.submit(payment(1))
        ready.settle(ready.attempt())
        ready.submit(payment(1), payment(1, 5))
        assert ready.session.of(PaymentsTaken)[-1] == PaymentsTaken(3, ((3, Verdict.CONFLICT),))
        assert ready.attempts() == []

    def test_verdicts_come_in_the_order_of_sequences(self, ready: Bench) -> None:
        for number in range(1, 8):
            ready.submit(payment(number))
        assert [each.through_sequence for each in ready.session.of(PaymentsTaken)] == list(range(1, 8))

    def test_each_session_gets_its_own_answers(self, world: World, bench: Bench) -> None:
        other = world.probe("other-session")
        bench.submit(payment(1))
        bench.tell(SubmitPayments(other.reference, 0, 40, [payment(1)]))
        assert bench.session.of(PaymentsTaken) == [PaymentsTaken(1)]
        assert other.of(PaymentsTaken) == [PaymentsTaken(40)]


class TestCredit:
    def test_a_session_gets_credit_when_it_opens(self, world: World) -> None:
        bench = Bench(world, backlog_max=40)
        bench.tell(SessionOpened(bench.session.reference))
        assert bench.session.of(CreditGranted) == [CreditGranted(10)]

    def test_credit_is_used_by_what_it_sends_and_comes_back_as_payments_settle(self, world: World) -> None:
        bench = Bench(world, backlog_max=4)
        bench.tell(SessionOpened(bench.session.reference))
        sent = 0
        for _ in range(10):
            for grant in bench.session.take(CreditGranted):
                for _ in range(grant.payments):
                    sent += 1
                    bench.submit(payment(sent))
        assert sent == 4, "a full backlog grants no more"
        bench.ready()
        for attempt in bench.attempts():
            bench.settle(attempt)
        assert sum(each.payments for each in bench.session.take(CreditGranted)) == 1, "the window is one payment"

    def test_redelivered_payments_use_none(self, world: World) -> None:
        bench = Bench(world, backlog_max=8)
        bench.tell(SessionOpened(bench.session.reference))
        assert bench.session.take(CreditGranted) == [CreditGranted(2)]
        bench.submit(payment(1), payment(2), redelivered=True)
        assert bench.session.of(CreditGranted) == []
        bench.submit(payment(3))
        assert bench.session.of(CreditGranted) == [CreditGranted(1)]

    def test_a_closed_session_gets_none(self, world: World) -> None:
        bench = Bench(world, backlog_max=8)
        bench.tell(SessionOpened(bench.session.reference))
        bench.tell(SessionClosed(bench.session.reference))
        bench.session.received.clear()
        bench.submit(payment(1))
        assert bench.session.of(CreditGranted) == []


class TestDispatch:
    def test_each_idle_payment_actor_gets_one(self, ready: Bench) -> None:
        ready.submit(payment(1), payment(2), payment(3))
        assert [len(worker.of(Attempt)) for worker in ready.workers] == [1, 1]
        counts = ready.statistics()
        assert (counts.in_flight, counts.waiting) == (2, 1)

    def test_payments_that_wait_go_when_a_payment_actor_reports(self, bench: Bench) -> None:
        bench.submit(payment(1))
        bench.tell(WorkerReady(bench.workers[0].reference))
        attempt = bench.attempt()
        assert attempt == Attempt(payment(1), "default", bench.world.clock.now_ms(), 0, Step.POST)

    def test_health_steers_them(self, ready: Bench) -> None:
        ready.tell(HealthChanged((DOWN[0], HEALTHY[1])))
        ready.submit(payment(1))
        assert ready.attempt().processor == "fallback"

    def test_with_all_processors_down_only_probes_go(self, ready: Bench) -> None:
        ready.tell(HealthChanged(DOWN))
        ready.submit(payment(1), payment(2))
        assert ready.attempts() == []
        ready.tell(ProbeDue("fallback"))
        assert ready.attempt().processor == "fallback"

    def test_a_recovery_sends_what_waits(self, ready: Bench) -> None:
        ready.tell(HealthChanged(DOWN))
        ready.submit(payment(1), payment(2))
        ready.tell(HealthChanged(HEALTHY))
        assert len(ready.attempts()) == 2


class TestOutcomes:
    @pytest.fixture
    def sent(self, ready: Bench) -> Attempt:
        ready.submit(payment(1))
        return ready.attempt()

    def test_settled_is_forgotten_only_when_it_is_in_the_books(self, ready: Bench, sent: Attempt) -> None:
        ready.end(sent, Settled(1990, 1))
        assert ready.statistics().in_flight == 1
        ready.tell(PaymentRecorded(sent.payment.payment_id, 0))
        assert ready.statistics().settled == 1
        assert ready.intake.ask(GetHeld(), timeout=ASK_S) == ()

    def test_the_books_may_be_quicker_than_the_report(self, ready: Bench, sent: Attempt) -> None:
        ready.tell(PaymentRecorded(sent.payment.payment_id, 0))
        ready.end(sent, Settled(1990, 1))
        assert ready.statistics().settled == 1
        assert ready.pool.busy("default") == 0

    def test_refused_goes_again_anywhere(self, ready: Bench, sent: Attempt) -> None:
        ready.tell(HealthChanged((DOWN[0], HEALTHY[1])))
        ready.end(sent, Refused("HTTP 500, empty body"))
        again = ready.attempt()
        assert (again.payment, again.processor, again.step) == (sent.payment, "fallback", Step.POST)

    def test_unknown_stays_where_it_may_be_committed(self, ready: Bench, sent: Attempt) -> None:
        ready.tell(HealthChanged((DOWN[0], HEALTHY[1])))
        ready.end(sent, Unknown("no answer within 10 s"))
        attempt = ready.attempt()
        assert attempt == sent._replace(step=Step.LOOK_UP), "same processor, same requestedAt"

    def test_an_empty_500_after_an_unknown_clears_nothing(self, ready: Bench, sent: Attempt) -> None:
        ready.end(sent, Unknown("no answer within 10 s"))
        for _ in range(8):
            attempt = ready.attempt()
            assert attempt == sent._replace(step=Step.RESOLVE)
            ready.end(attempt, Refused("HTTP 500, empty body"))
            ready.tell(HealthChanged(HEALTHY))
            assert ready.statistics().unknown == 1
            ready.world.advance(5.0)

    def test_a_permanent_refusal_after_an_unknown_clears_nothing_either(self, ready: Bench, sent: Attempt) -> None:
        ready.end(sent, Unknown("no answer within 10 s"))
        ready.end(ready.attempt(), Refused("HTTP 400", permanent=True))
        counts = ready.statistics()
        assert (counts.unknown, counts.waiting, counts.parked) == (1, 0, 0)

    def test_a_payment_of_unknown_outcome_is_looked_into_with_growing_pauses(self, ready: Bench, sent: Attempt) -> None:
        ready.tell(HealthChanged(DOWN))
        start_s = ready.world.clock.now_s
        ready.end(sent, Unknown("no answer within 10 s"))
        seen_s = []
        for _ in range(600):
            for attempt in ready.attempts():
                seen_s.append(ready.world.clock.now_s - start_s)
                ready.end(attempt, Unknown("not there yet"))
            ready.world.advance(0.05)
        gaps_s = [after - before for before, after in pairwise(seen_s)]
        assert gaps_s == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0, 5.0], abs=0.1)

    def test_a_4xx_by_one_goes_to_the_other(self, ready: Bench, sent: Attempt) -> None:
        ready.end(sent, Refused("HTTP 400", permanent=True))
        assert ready.attempt().processor == "fallback"

    def test_a_4xx_by_both_is_parked_and_retried_by_hand(self, ready: Bench, sent: Attempt) -> None:
        ready.end(sent, Refused("HTTP 400", permanent=True))
        ready.end(ready.attempt(), Refused("HTTP 403", permanent=True))
        ready.world.advance(60.0)
        assert ready.attempts() == []
        assert ready.statistics().parked == 1
        (parked,) = ready.intake.ask(GetParked(), timeout=ASK_S)
        assert (parked.payment, parked.reason) == (payment(1), "default: HTTP 400; fallback: HTTP 403")
        assert ready.intake.ask(RetryParked(), timeout=ASK_S) == 1
        assert ready.attempt().processor == "default"
        assert ready.intake.ask(GetParked(), timeout=ASK_S) == ()

    def test_a_crash_in_flight_is_unknown_and_the_third_parks_it(self, ready: Bench, sent: Attempt) -> None:
        crash = Unknown("its actor crashed in flight", crashed=True)
        ready.end(sent, crash)
        for _ in range(2):
            ready.world.advance(5.0)
            attempt = ready.attempt()
            assert (attempt.step, attempt.processor) == (Step.RESOLVE, sent.processor)
            ready.end(attempt, crash)
        ready.world.advance(60.0)
        assert ready.attempts() == []
        assert ready.statistics().parked == 1

    def test_what_cannot_be_entered_into_the_books_is_parked_and_looked_up_by_hand(
        self, ready: Bench, sent: Attempt
    ) -> None:
        ready.end(sent, Settled(1990, 1))
        ready.tell(RecordingFailed(sent.payment.payment_id, 0))
        assert ready.statistics().parked == 1
        ready.intake.ask(RetryParked(), timeout=ASK_S)
        assert ready.attempt() == sent._replace(step=Step.RESOLVE)

    def test_a_result_that_comes_twice_counts_once(self, ready: Bench, sent: Attempt) -> None:
        """The payment is in flight again by then, elsewhere: taking the second result for the new attempt's would set
        it free for a third one, and settle it twice.
        """
        ready.tell(HealthChanged((DOWN[0], HEALTHY[1])))
        (worker,) = [each for each in ready.workers if ready.pool.carries_out(each.reference, sent)]
        for outcome in (Refused("HTTP 500"), Refused("HTTP 500"), Unknown("late")):
            ready.tell(AttemptEnded(worker.reference, sent, outcome))
        assert ready.attempt().processor == "fallback"
        counts = ready.statistics()
        assert (counts.in_flight, counts.waiting, counts.unknown) == (1, 0, 0)


class TestPurge:
    def test_it_raises_the_epoch_and_tells_the_ledger(self, ready: Bench) -> None:
        ready.submit(payment(1), payment(2), payment(3))
        assert ready.intake.ask(Purge(), timeout=ASK_S) == 1
        assert ready.ledger.of(ForgetPayments) == [ForgetPayments(1)]
        counts = ready.statistics()
        assert (counts.epoch, counts.accepted) == (1, 0)

    def test_what_was_read_before_it_is_answered_as_purged(self, ready: Bench) -> None:
        ready.intake.ask(Purge(), timeout=ASK_S)
        ready.submit(payment(1), payment(2), epoch=0)
        purged = ((1, Verdict.PURGED), (2, Verdict.PURGED))
        assert ready.session.of(PaymentsTaken) == [PaymentsTaken(2, purged)]
        assert ready.attempts() == []
        assert ready.statistics().purged == 2

    def test_ids_may_come_again_with_another_amount(self, ready: Bench) -> None:
        ready.submit(payment(1))
        ready.attempts()
        ready.intake.ask(Purge(), timeout=ASK_S)
        ready.submit(payment(1, 5), epoch=1)
        assert ready.session.of(PaymentsTaken)[-1] == PaymentsTaken(2)
        assert ready.attempt().epoch == 1

    @pytest.mark.parametrize(
        "outcome", [Settled(1990, 1), Refused("HTTP 500"), Refused("HTTP 400", permanent=True), Unknown("late")]
    )
    def test_late_results_change_nothing_but_free_their_payment_actor(self, ready: Bench, outcome: Outcome) -> None:
        ready.submit(payment(1))
        old = ready.attempt()
        ready.intake.ask(Purge(), timeout=ASK_S)
        ready.submit(payment(1), payment(2), payment(3), epoch=1)
        assert len(ready.attempts()) == 1, "the other payment actor is at work on the old one"
        before = ready.statistics()
        ready.end(old, outcome)
        assert len(ready.attempts()) == 1
        assert ready.statistics() == before._replace(in_flight=2, waiting=before.waiting - 1)

    def test_late_words_of_the_ledger_change_nothing(self, ready: Bench) -> None:
        ready.intake.ask(Purge(), timeout=ASK_S)
        ready.submit(payment(1), epoch=1)
        before = ready.statistics()
        ready.tell(PaymentRecorded(payment(1).payment_id, 0))
        ready.tell(RecordingFailed(payment(1).payment_id, 0))
        assert ready.statistics() == before

    def test_it_frees_credit(self, world: World) -> None:
        bench = Bench(world, backlog_max=4)
        bench.tell(SessionOpened(bench.session.reference))
        bench.submit(*[payment(number) for number in range(1, 5)])
        bench.session.received.clear()
        bench.intake.ask(Purge(), timeout=ASK_S)
        assert bench.session.of(CreditGranted) == [CreditGranted(1)]


class TestTimers:
    def test_without_anything_to_do_there_are_none(self, ready: Bench) -> None:
        ready.submit(payment(1))
        ready.settle(ready.attempt())
        ready.world.advance(1.0)
        assert len(ready.world.timers) == 0


class TestCrashes:
    def test_everything_is_kept(self, ready: Bench) -> None:
        ready.submit(payment(1), payment(2), payment(3))
        sent = ready.attempts()
        before = ready.statistics()
        with pytest.raises(ActorFailed):
            ready.intake.ask("nonsense", timeout=ASK_S)
        assert ready.statistics() == before
        assert ready.attempts() == []
        ready.settle(sent[0])
        assert len(ready.attempts()) == 1

    def test_unknown_outcomes_are_woken_after_it_too(self, ready: Bench) -> None:
        ready.submit(payment(1))
        ready.end(ready.attempt(), Unknown("no answer"))
        ready.end(ready.attempt(), Unknown("no answer"))
        with pytest.raises(ActorFailed):
            ready.intake.ask("nonsense", timeout=ASK_S)
        ready.world.advance(0.2)
        assert ready.attempt().step is Step.RESOLVE

    def test_a_message_nobody_knows_is_a_dead_letter(self, ready: Bench) -> None:
        ready.tell("nonsense")
        assert ready.world.dead_letters == {"str": 1}

    def test_a_failing_trace_loses_no_payment(self, ready: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is noted as in flight has been sent: otherwise nobody would ever end it."""
        failures = [OSError("stdout is gone")]

        def trace(event: dict[str, object]) -> None:
            if event["hop"] == "intake.dispatched" and failures:
                raise failures.pop()

        monkeypatch.setattr(ready, "trace", trace)
        ready.tell("nonsense")  # a new behaviour with the new trace
        ready.submit(payment(1, traced=True))
        sent = ready.attempts()
        assert [each.payment for each in sent] == [payment(1, traced=True)]
        ready.settle(sent[0])
        assert ready.statistics().settled == 1

    def test_a_result_handled_again_after_a_crash_counts_once(
        self, ready: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A crash behind the result's own handling: it is retried when the payment is in flight elsewhere already."""
        ready.submit(payment(1, traced=True))
        sent = ready.attempt()
        ready.tell(HealthChanged((DOWN[0], HEALTHY[1])))
        failures = [OSError("stdout is gone")]

        def trace(event: dict[str, object]) -> None:
            if failures:
                raise failures.pop()

        monkeypatch.setattr(ready, "trace", trace)
        ready.tell("nonsense")
        ready.end(sent, Refused("HTTP 500"))
        assert ready.attempt().processor == "fallback"
        counts = ready.statistics()
        assert (counts.in_flight, counts.waiting) == (1, 0)

    def test_payments_of_a_message_that_is_given_up_are_taken_all_the_same(
        self, ready: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ready.credits, "use", lambda session, payments: 1 / 0)
        ready.submit(payment(1))
        assert PaymentsTaken(1) in ready.session.of(PaymentsTaken)
        assert ready.attempt().payment == payment(1)
        assert ready.world.dead_letters == {}

    def test_payments_taken_only_when_giving_up_are_sent_too(
        self, ready: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failures = [OSError("stdout is gone") for _ in range(3)]

        def take(payment: Payment, now_s: float) -> Verdict:
            if failures:
                raise failures.pop()
            return Backlog.take(ready.backlog, payment, now_s)

        monkeypatch.setattr(ready.backlog, "take", take)
        ready.submit(payment(1))
        ready.world.advance(0.01)
        assert ready.session.of(PaymentsTaken) == [PaymentsTaken(1)]
        assert ready.attempt().payment == payment(1)

    def test_a_given_up_result_of_an_earlier_epoch_parks_nothing(
        self, ready: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ready.submit(payment(1))
        old = ready.attempt()
        ready.intake.ask(Purge(), timeout=ASK_S)
        ready.submit(payment(1), epoch=1)
        (new,) = ready.attempts()
        monkeypatch.setattr(ready.credits, "grant", lambda held: 1 / 0)
        ready.end(old, Refused("HTTP 500"))
        assert ready.statistics().in_flight == 1
        assert ready.statistics().parked == 0
        assert not any(ready.pool.carries_out(worker.reference, old) for worker in ready.workers)
        assert new.epoch == 1

    def test_the_payment_of_a_result_that_is_given_up_is_parked(
        self, ready: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ready.submit(payment(1))
        monkeypatch.setattr(ready.backlog, "refuse", lambda *args, **options: 1 / 0)
        ready.end(ready.attempt(), Refused("HTTP 500"))
        assert ready.statistics().parked == 1
        ready.submit(payment(2), payment(3))
        assert len(ready.attempts()) == 2, "its payment actor is free again"
        assert ready.world.dead_letters == {}


def test_sampled_payments_are_traced(ready: Bench) -> None:
    ready.submit(payment(1, traced=True), payment(2))
    assert ready.world.traces == [
        {"payment": payment(1).payment_id.hex(), "hop": "intake.taken", "verdict": "TAKEN"},
        {
            "payment": payment(1).payment_id.hex(),
            "hop": "intake.dispatched",
            "processor": "default",
            "step": "post",
        },
    ]


def test_held_ids_come_oldest_first(bench: Bench) -> None:
    for number in (3, 1, 2):
        bench.submit(payment(number))
        bench.world.advance(0.1)
    assert [each[-1] for each in bench.intake.ask(GetHeld(), timeout=ASK_S)] == [3, 1, 2]
