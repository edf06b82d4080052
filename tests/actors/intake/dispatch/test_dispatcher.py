"""Which processor gets what waits."""

from __future__ import annotations

import pytest

from actors.intake.backlog.refusals import REST_FIRST_S
from actors.intake.dispatch.chooser import OVERDUE_S
from actors.intake.dispatch.routing import Fastest
from actors.values import Step
from tests.actors.intake.dispatcher_bench import NAMES, DispatcherBench, where


class TestWaiting:
    def test_nothing_waits_nothing_goes(self, fastest: DispatcherBench) -> None:
        assert fastest.go() is None
        assert fastest.dispatcher.wake_in_s() is None

    def test_each_fresh_attempt_is_stamped_now(self, fastest: DispatcherBench) -> None:
        fastest.take(2)
        now_ms = fastest.clock.now_ms()
        first = fastest.go()
        fastest.clock.now_s += 0.5
        second = fastest.go()
        assert first is not None
        assert second is not None
        assert (first.step, first.processor, first.epoch) == (Step.POST, "default", 0)
        assert (first.requested_at_ms, second.requested_at_ms) == (now_ms, now_ms + 500)

    def test_a_repeated_attempt_is_stamped_anew(self, fastest: DispatcherBench) -> None:
        fastest.take()
        first = fastest.go()
        assert first is not None
        fastest.refuse(first)
        assert fastest.go() is None, "it rests"
        assert fastest.dispatcher.wake_in_s() == pytest.approx(REST_FIRST_S)
        fastest.clock.now_s += 1.0
        again = fastest.go()
        assert again is not None
        assert again.requested_at_ms == first.requested_at_ms + 1000

    def test_the_oldest_goes_first(self, fastest: DispatcherBench) -> None:
        fastest.take(3)
        assert [each.payment.payment_id[-1] for each in fastest.go_all()] == [1, 2, 3]

    def test_a_processor_gets_no_more_than_its_limit(self, fastest: DispatcherBench) -> None:
        fastest.take(10)
        attempts = fastest.go_all()
        assert where(attempts) == ["default"] * 4
        fastest.end(attempts[2])
        assert where(fastest.go_all()) == ["default"]

    def test_no_more_go_than_payment_actors_are_idle(self) -> None:
        bench = DispatcherBench(Fastest(), workers=2)
        bench.take(10)
        assert len(bench.go_all()) == 2
        assert bench.dispatcher.wake_in_s() is None

    def test_with_both_unhealthy_all_wait(self, fastest: DispatcherBench) -> None:
        for name in NAMES:
            fastest.health(name, healthy=False)
        fastest.take(3)
        assert fastest.go() is None

    def test_one_that_a_processor_rejected_goes_to_the_other_and_holds_up_nobody(
        self, fastest: DispatcherBench
    ) -> None:
        fastest.health("fallback", healthy=False)
        fastest.take(2)
        first = fastest.go()
        assert first is not None
        fastest.end(first)
        fastest.backlog.outcomes.refuse(first.payment.payment_id, "HTTP 400", fastest.clock.now_s, permanent=True)
        second = fastest.go()
        assert second is not None
        assert second.payment.payment_id != first.payment.payment_id
        assert fastest.go() is None
        fastest.health("fallback", healthy=True)
        assert where(fastest.go_all()) == ["fallback"]


class TestRefused:
    def test_it_holds_up_nobody(self, fastest: DispatcherBench) -> None:
        fastest.take(3)
        first = fastest.go()
        assert first is not None
        fastest.refuse(first)
        assert [each.payment.payment_id[-1] for each in fastest.go_all()] == [2, 3]

    def test_rested_it_goes_before_those_that_are_younger(self, fastest: DispatcherBench) -> None:
        fastest.take()
        first = fastest.go()
        assert first is not None
        fastest.refuse(first)
        fastest.clock.now_s += REST_FIRST_S
        fastest.take(2)
        assert [each.payment.payment_id[-1] for each in fastest.go_all()] == [1, 2, 3]

    def test_after_three_refusals_it_tries_the_other(self, fastest: DispatcherBench) -> None:
        fastest.take()
        tried = []
        for _ in range(7):
            (attempt,) = fastest.go_all()
            tried.append(attempt.processor)
            fastest.refuse(attempt)
            fastest.clock.now_s += 1.0
        assert tried == ["default"] * 3 + ["fallback"] + ["default"] + ["fallback"] + ["default"]

    def test_after_one_that_took_long_too(self, fastest: DispatcherBench) -> None:
        fastest.take()
        (attempt,) = fastest.go_all()
        fastest.clock.now_s += 5.0
        fastest.refuse(attempt)
        fastest.clock.now_s += REST_FIRST_S
        assert where(fastest.go_all()) == ["fallback"]

    def test_if_the_other_is_down_it_stays(self, fastest: DispatcherBench) -> None:
        fastest.health("fallback", healthy=False)
        fastest.take()
        for _ in range(5):
            (attempt,) = fastest.go_all()
            assert attempt.processor == "default"
            fastest.refuse(attempt)
            fastest.clock.now_s += 1.0

    def test_the_dearer_one_is_tried_only_when_its_patience_ends(self, cheapest: DispatcherBench) -> None:
        cheapest.take()
        tried = []
        for _ in range(8):
            (attempt,) = cheapest.go_all()
            tried.append(attempt.processor)
            cheapest.refuse(attempt)
            cheapest.clock.now_s += 1.0
        assert tried == ["default"] * 5 + ["fallback"] * 3

    def test_it_says_that_it_failed_there_before(self, fastest: DispatcherBench) -> None:
        fastest.take()
        (first,) = fastest.go_all()
        assert not first.again
        fastest.refuse(first)
        fastest.clock.now_s += 1.0
        (second,) = fastest.go_all()
        assert second.again


class TestOverdue:
    def test_an_attempt_that_hangs_tells_that_its_processor_is_slow(self, fastest: DispatcherBench) -> None:
        fastest.take(3)
        attempt = fastest.go()
        assert attempt is not None
        assert attempt.processor == "default"
        fastest.clock.now_s += OVERDUE_S + 0.05
        assert where(fastest.go_all()) == ["fallback", "fallback"]

    def test_a_shorter_wait_says_nothing(self, fastest: DispatcherBench) -> None:
        fastest.take(2)
        fastest.go()
        fastest.clock.now_s += OVERDUE_S - 0.05
        assert where(fastest.go_all()) == ["default"]

    def test_less_than_its_known_latency_says_nothing(self, fastest: DispatcherBench) -> None:
        fastest.health("default", latency_ms=5000.0)
        fastest.health("fallback", latency_ms=5001.0)
        fastest.take(2)
        fastest.go()
        fastest.clock.now_s += 2.0
        assert where(fastest.go_all()) == ["default"]


class TestPatience:
    def test_payments_wait_for_the_cheaper_one(self, cheapest: DispatcherBench) -> None:
        cheapest.health("default", healthy=False)
        cheapest.take()
        assert cheapest.go() is None
        cheapest.clock.now_s += 4.9
        assert cheapest.go() is None
        cheapest.clock.now_s += 0.1
        assert where(cheapest.go_all()) == ["fallback"]

    def test_each_has_its_own(self, cheapest: DispatcherBench) -> None:
        cheapest.health("default", healthy=False)
        cheapest.take()
        cheapest.clock.now_s += 3.0
        cheapest.take()
        cheapest.clock.now_s += 3.0
        assert [each.payment.payment_id[-1] for each in cheapest.go_all()] == [1]

    def test_a_refusal_does_not_begin_it_anew(self, cheapest: DispatcherBench) -> None:
        cheapest.take()
        attempt = cheapest.go()
        assert attempt is not None
        cheapest.clock.now_s += 4.0
        cheapest.end(attempt)
        cheapest.backlog.outcomes.refuse(attempt.payment.payment_id, "HTTP 500", cheapest.clock.now_s, permanent=False)
        cheapest.health("default", healthy=False)
        cheapest.clock.now_s += 1.0
        assert where(cheapest.go_all()) == ["fallback"]


class TestBenchmarks:
    def test_the_cheaper_one_that_is_not_in_use_gets_its_share(self, fastest: DispatcherBench) -> None:
        fastest.health("default", latency_ms=100.0)
        fastest.take(5)
        attempts = fastest.go_all()
        assert where(attempts) == ["default", "default", "fallback", "fallback", "fallback"]
        fastest.end(attempts[0])
        fastest.take()
        assert where(fastest.go_all()) == ["default"]

    def test_the_dearer_one_gets_one_at_a_time_when_stale(self, fastest: DispatcherBench) -> None:
        fastest.health("fallback", stale=True)
        fastest.take(3)
        assert where(fastest.go_all()) == ["fallback", "default", "default"]

    def test_one_that_is_slower_by_more_than_a_second_gets_one_at_a_time(self, fastest: DispatcherBench) -> None:
        fastest.health("default", latency_ms=1001.0)
        fastest.take(5)
        assert where(fastest.go_all()).count("default") == 1

    def test_one_at_which_a_payment_hangs_gets_no_more(self, fastest: DispatcherBench) -> None:
        fastest.health("default", latency_ms=100.0)
        fastest.take()
        assert where(fastest.go_all()) == ["default"]
        fastest.clock.now_s += OVERDUE_S
        fastest.take()
        assert where(fastest.go_all()) == ["fallback"]

    def test_a_payment_that_it_refused_does_not_measure_it(self, fastest: DispatcherBench) -> None:
        fastest.take()
        (attempt,) = fastest.go_all()
        fastest.refuse(attempt)
        fastest.health("default", latency_ms=100.0)
        fastest.clock.now_s += REST_FIRST_S
        assert where(fastest.go_all()) == ["fallback"]

    def test_a_share_above_the_limit_is_no_way_round_it(self) -> None:
        bench = DispatcherBench(Fastest(benchmark_slots=100), workers=20, limit=3)
        bench.health("default", latency_ms=100.0)
        bench.take(20)
        attempts = where(bench.go_all())
        assert attempts.count("default") == 3
        assert attempts.count("fallback") == 3

    def test_a_processor_that_rejected_a_payment_is_not_measured_with_it(self, fastest: DispatcherBench) -> None:
        fastest.take()
        attempt = fastest.go()
        assert attempt is not None
        fastest.end(attempt)
        fastest.backlog.outcomes.refuse(attempt.payment.payment_id, "HTTP 400", fastest.clock.now_s, permanent=True)
        fastest.health("default", latency_ms=100.0)
        assert where(fastest.go_all()) == ["fallback"]
