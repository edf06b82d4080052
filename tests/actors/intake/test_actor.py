"""The intake among neighbours that take notes: what it answers, and to whom it gives work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.intake.dispatch.choice import EQUAL_SO_CHEAPER
from actors.messages.health import HealthChanged, ProbeDue, ProbeMissing
from actors.messages.people import GetHeld
from actors.messages.sessions import CreditGranted, SessionClosed, SessionOpened, SubmitPayments, VerdictsGiven
from actors.messages.settling import Attempt, PaymentActorReady
from actors.values import Refused, Step, Verdict
from tests.actors.intake.intake_bench import DOWN, HEALTHY, IntakeBench, payment
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from tests.actors.fakes import World


class TestTaking:
    def test_a_run_of_payments_is_answered_at_once_by_its_last_sequence(self, bench: IntakeBench) -> None:
        bench.submit(payment(1), payment(2), payment(3))
        assert bench.session.of(VerdictsGiven) == [VerdictsGiven(3)]
        assert bench.statistics().waiting == 3

    def test_the_acknowledgement_precedes_every_dispatch(self, world: World, ready: IntakeBench) -> None:
        """Seen by one actor that is both the session and the payment actor: its mailbox has the order."""
        both = world.probe("both")
        ready.session = both
        for worker in ready.workers:
            ready.pool.begin(Attempt(payment(0), "fallback", 0, 0, Step.POST), 0.0)
            worker.received.clear()
        ready.tell(PaymentActorReady(both.reference))
        ready.submit(payment(1), payment(2))
        assert [type(each) for each in both.received] == [VerdictsGiven, Attempt]

    def test_a_known_id_of_the_same_amount_is_taken_once(self, bench: IntakeBench) -> None:
        bench.submit(payment(1), payment(1))
        bench.submit(payment(1), redelivered=True)
        assert bench.session.of(VerdictsGiven) == [VerdictsGiven(2), VerdictsGiven(3)]
        counts = bench.statistics()
        assert (counts.accepted, counts.waiting, counts.duplicates) == (1, 1, 2)

    def test_another_amount_is_a_conflict(self, bench: IntakeBench) -> None:
        bench.submit(payment(1), payment(1, 5), payment(2), payment(2, 6))
        conflicts = ((2, Verdict.CONFLICT), (4, Verdict.CONFLICT))
        assert bench.session.of(VerdictsGiven) == [VerdictsGiven(4, conflicts)]
        assert bench.statistics().conflicts == 2

    def test_a_settled_id_is_known_still(self, ready: IntakeBench) -> None:
        ready.submit(payment(1))
        ready.settle(ready.attempt())
        ready.submit(payment(1), payment(1, 5))
        assert ready.session.of(VerdictsGiven)[-1] == VerdictsGiven(3, ((3, Verdict.CONFLICT),))
        assert ready.attempts() == []

    def test_verdicts_come_in_the_order_of_sequences(self, ready: IntakeBench) -> None:
        for number in range(1, 8):
            ready.submit(payment(number))
        assert [each.through_sequence for each in ready.session.of(VerdictsGiven)] == list(range(1, 8))

    def test_each_session_gets_its_own_answers(self, world: World, bench: IntakeBench) -> None:
        other = world.probe("other-session")
        bench.submit(payment(1))
        bench.tell(SubmitPayments(other.reference, 0, 40, [payment(1)]))
        assert bench.session.of(VerdictsGiven) == [VerdictsGiven(1)]
        assert other.of(VerdictsGiven) == [VerdictsGiven(40)]


class TestCredit:
    def test_a_session_gets_credit_when_it_opens(self, world: World) -> None:
        bench = IntakeBench(world, backlog_max=40)
        bench.tell(SessionOpened(bench.session.reference))
        assert bench.session.of(CreditGranted) == [CreditGranted(10)]

    def test_credit_is_used_by_what_it_sends_and_comes_back_as_payments_settle(self, world: World) -> None:
        bench = IntakeBench(world, backlog_max=4)
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
        bench = IntakeBench(world, backlog_max=8)
        bench.tell(SessionOpened(bench.session.reference))
        assert bench.session.take(CreditGranted) == [CreditGranted(2)]
        bench.submit(payment(1), payment(2), redelivered=True)
        assert bench.session.of(CreditGranted) == []
        bench.submit(payment(3))
        assert bench.session.of(CreditGranted) == [CreditGranted(1)]

    def test_a_closed_session_gets_none(self, world: World) -> None:
        bench = IntakeBench(world, backlog_max=8)
        bench.tell(SessionOpened(bench.session.reference))
        bench.tell(SessionClosed(bench.session.reference))
        bench.session.received.clear()
        bench.submit(payment(1))
        assert bench.session.of(CreditGranted) == []


class TestDispatch:
    def test_each_idle_payment_actor_gets_one(self, ready: IntakeBench) -> None:
        ready.submit(payment(1), payment(2), payment(3))
        assert [len(worker.of(Attempt)) for worker in ready.workers] == [1, 1]
        counts = ready.statistics()
        assert (counts.in_flight, counts.waiting) == (2, 1)

    def test_payments_that_wait_go_when_a_payment_actor_reports(self, bench: IntakeBench) -> None:
        bench.submit(payment(1))
        bench.tell(PaymentActorReady(bench.workers[0].reference))
        attempt = bench.attempt()
        assert attempt == Attempt(payment(1), "default", bench.world.clock.now_ms(), 0, Step.POST, why=EQUAL_SO_CHEAPER)

    def test_health_steers_them(self, ready: IntakeBench) -> None:
        ready.tell(HealthChanged((DOWN[0], HEALTHY[1])))
        ready.submit(payment(1))
        assert ready.attempt().processor == "fallback"

    def test_with_all_processors_down_only_probes_go(self, ready: IntakeBench) -> None:
        ready.tell(HealthChanged(DOWN))
        ready.submit(payment(1), payment(2))
        assert ready.attempts() == []
        health = ready.world.probe("health")
        ready.tell(ProbeDue("fallback", health.reference))
        assert ready.attempt().processor == "fallback"
        assert health.received == []

    def test_it_says_when_there_is_no_payment_to_probe_with(self, ready: IntakeBench) -> None:
        """The one payment that there is was refused there last: it would tell how it is itself."""
        health = ready.world.probe("health")
        ready.submit(payment(1))
        ready.end(ready.attempt(), Refused("HTTP 500, empty body"))
        ready.tell(HealthChanged(DOWN))
        ready.tell(ProbeDue("default", health.reference))
        assert ready.attempts() == []
        assert health.take(ProbeMissing) == [ProbeMissing("default")]
        ready.submit(payment(2))
        assert ready.attempt().payment == payment(2)
        ready.tell(ProbeDue("default", health.reference))
        assert health.of(ProbeMissing) == [], "one is under way"

    def test_a_recovery_sends_what_waits(self, ready: IntakeBench) -> None:
        ready.tell(HealthChanged(DOWN))
        ready.submit(payment(1), payment(2))
        ready.tell(HealthChanged(HEALTHY))
        assert len(ready.attempts()) == 2


class TestTimers:
    def test_without_anything_to_do_there_are_none(self, ready: IntakeBench) -> None:
        ready.submit(payment(1))
        ready.settle(ready.attempt())
        ready.world.advance(1.0)
        assert len(ready.world.timers) == 0


def test_each_payment_is_noted_with_its_verdict(ready: IntakeBench) -> None:
    ready.submit(payment(1), payment(2))
    ready.submit(payment(1, cents=5))
    assert [(each[2], each[6]) for each in ready.world.recorder.of("intake.taken")] == [
        (payment(1).payment_id, {"verdict": "taken", "mailbox": 0}),
        (payment(2).payment_id, {"verdict": "taken", "mailbox": 0}),
        (payment(1).payment_id, {"verdict": "conflict", "mailbox": 0}),
    ]


def test_a_payment_that_its_api_traces_is_traced_here(ready: IntakeBench) -> None:
    ready.submit(payment(1, traced=True), payment(2))
    assert ready.world.recorder.traced == [payment(1).payment_id]


def test_what_waits_is_noted_when_it_is_sent(ready: IntakeBench) -> None:
    ready.tell(HealthChanged(DOWN))
    ready.submit(payment(1))
    ready.world.advance(2.5)
    ready.tell(HealthChanged(HEALTHY))
    ((start_ns, took_ns, payment_id, _hop, number, _actor, _fields),) = ready.world.recorder.of("backlog.wait")
    assert (took_ns, payment_id, number) == (2_500_000_000, payment(1).payment_id, 1)
    assert start_ns + took_ns == ready.world.recorder.now_ns()


def test_the_next_wait_begins_when_the_attempt_before_it_is_over(ready: IntakeBench) -> None:
    ready.submit(payment(1))
    ready.world.advance(2.0)
    ready.end(ready.attempt(), Refused("HTTP 500, empty body"))
    ready.world.advance(1.0)
    first, second = ready.world.recorder.of("backlog.wait")
    assert (first[1], first[4]) == (0, 1)
    assert 0 < second[1] < 1_000_000_000
    assert second[4] == 2


def test_what_a_purge_forgets_is_noted(ready: IntakeBench) -> None:
    ready.submit(payment(1), payment(2))
    ready.settle(ready.attempts()[0])
    ready.purge()
    assert [each[2] for each in ready.world.recorder.of("purged")] == [payment(2).payment_id]


def test_held_ids_come_oldest_first(bench: IntakeBench) -> None:
    for number in (3, 1, 2):
        bench.submit(payment(number))
        bench.world.advance(0.1)
    assert [each[-1] for each in bench.intake.ask(GetHeld(), timeout=PATIENCE_S)] == [3, 1, 2]
