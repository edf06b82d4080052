"""What the intake does with each outcome of an attempt."""

from __future__ import annotations

from itertools import pairwise

import pytest

from actors.intake.backlog.refusals import REST_FIRST_S
from actors.intake.dispatch.choice import DUE
from actors.messages.health import HealthChanged
from actors.messages.people import GetHeld, RetryParked
from actors.messages.settling import Attempt, AttemptEnded, PaymentRecorded, RecordingFailed
from actors.values import Refused, Settled, Step, Unknown
from tests.actors.intake.intake_bench import DOWN, HEALTHY, IntakeBench, payment
from tests.support.patience import PATIENCE_S


class TestOutcomes:
    @pytest.fixture
    def sent(self, ready: IntakeBench) -> Attempt:
        ready.submit(payment(1))
        return ready.attempt()

    def test_settled_is_forgotten_only_when_it_is_in_the_books(self, ready: IntakeBench, sent: Attempt) -> None:
        ready.end(sent, Settled(1990, 1))
        assert ready.statistics().in_flight == 1
        ready.tell(PaymentRecorded(sent.payment.payment_id, 0))
        assert ready.statistics().settled == 1
        assert ready.intake.ask(GetHeld(), timeout=PATIENCE_S) == ()

    def test_the_books_may_be_quicker_than_the_report(self, ready: IntakeBench, sent: Attempt) -> None:
        ready.tell(PaymentRecorded(sent.payment.payment_id, 0))
        ready.end(sent, Settled(1990, 1))
        assert ready.statistics().settled == 1
        assert ready.pool.busy("default") == 0

    def test_refused_goes_again_anywhere(self, ready: IntakeBench, sent: Attempt) -> None:
        ready.tell(HealthChanged((DOWN[0], HEALTHY[1])))
        ready.end(sent, Refused("HTTP 500, empty body"))
        assert ready.attempts() == []
        ready.world.advance(REST_FIRST_S)
        again = ready.attempt()
        assert (again.payment, again.processor, again.step) == (sent.payment, "fallback", Step.POST)

    def test_unknown_stays_where_it_may_be_committed(self, ready: IntakeBench, sent: Attempt) -> None:
        ready.tell(HealthChanged((DOWN[0], HEALTHY[1])))
        ready.end(sent, Unknown("no answer within 10 s"))
        attempt = ready.attempt()
        assert attempt == sent._replace(step=Step.LOOK_UP, again=True, number=2, why=DUE), (
            "same processor, same requestedAt"
        )

    def test_an_empty_500_after_an_unknown_clears_nothing(self, ready: IntakeBench, sent: Attempt) -> None:
        ready.end(sent, Unknown("no answer within 10 s"))
        for number in range(2, 10):
            attempt = ready.attempt()
            assert attempt == sent._replace(step=Step.RESOLVE, again=True, number=number, why=DUE)
            ready.end(attempt, Refused("HTTP 500, empty body"))
            ready.tell(HealthChanged(HEALTHY))
            assert ready.statistics().unknown == 1
            ready.world.advance(5.0)

    def test_a_permanent_refusal_after_an_unknown_clears_nothing_either(
        self, ready: IntakeBench, sent: Attempt
    ) -> None:
        ready.end(sent, Unknown("no answer within 10 s"))
        ready.end(ready.attempt(), Refused("HTTP 400", permanent=True))
        counts = ready.statistics()
        assert (counts.unknown, counts.waiting, counts.parked) == (1, 0, 0)

    def test_a_payment_of_unknown_outcome_is_looked_into_with_growing_pauses(
        self, ready: IntakeBench, sent: Attempt
    ) -> None:
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

    def test_a_4xx_by_one_goes_to_the_other(self, ready: IntakeBench, sent: Attempt) -> None:
        ready.end(sent, Refused("HTTP 400", permanent=True))
        assert ready.attempt().processor == "fallback"

    def test_a_4xx_by_both_is_parked_and_retried_by_hand(self, ready: IntakeBench, sent: Attempt) -> None:
        ready.end(sent, Refused("HTTP 400", permanent=True))
        ready.end(ready.attempt(), Refused("HTTP 403", permanent=True))
        ready.world.advance(60.0)
        assert ready.attempts() == []
        assert ready.statistics().parked == 1
        (parked,) = ready.reports("parked")
        assert (parked.payment_id, parked.amount_cents) == payment(1)[:2]
        assert parked.why.endswith(": default: HTTP 400; fallback: HTTP 403")
        assert ready.intake.ask(RetryParked(), timeout=PATIENCE_S) == 1
        assert ready.attempt().processor == "default"
        assert ready.reports("parked") == ()

    def test_a_crash_in_flight_is_unknown_and_the_third_parks_it(self, ready: IntakeBench, sent: Attempt) -> None:
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
        self, ready: IntakeBench, sent: Attempt
    ) -> None:
        ready.end(sent, Settled(1990, 1))
        ready.tell(RecordingFailed(sent.payment.payment_id, 0))
        assert ready.statistics().parked == 1
        ready.intake.ask(RetryParked(), timeout=PATIENCE_S)
        assert ready.attempt() == sent._replace(step=Step.RESOLVE, again=True, number=2, why=DUE)

    def test_a_result_that_comes_twice_counts_once(self, ready: IntakeBench, sent: Attempt) -> None:
        """The payment is in flight again by then, elsewhere: taking the second result for the new attempt's would set
        it free for a third one, and settle it twice.
        """
        ready.tell(HealthChanged((DOWN[0], HEALTHY[1])))
        (worker,) = [each for each in ready.workers if ready.pool.carries_out(each.reference, sent)]
        for outcome in (Refused("HTTP 500"), Refused("HTTP 500"), Unknown("late")):
            ready.tell(AttemptEnded(worker.reference, sent, outcome))
            ready.world.advance(REST_FIRST_S)
        assert ready.attempt().processor == "fallback"
        counts = ready.statistics()
        assert (counts.in_flight, counts.waiting, counts.unknown) == (1, 0, 0)
