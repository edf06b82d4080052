"""Probes go first, then unknown outcomes that are due."""

from __future__ import annotations

import pytest

from actors.intake.dispatch.probes import UNFIT_S
from actors.intake.dispatch.routing import Cheapest, Fastest
from actors.values import Step
from tests.actors.intake.dispatcher_bench import NAMES, DispatcherBench, where


class TestProbes:
    @pytest.fixture(params=[Fastest(), Cheapest(5.0)], ids=["fastest", "cheapest"])
    def down(self, request: pytest.FixtureRequest) -> DispatcherBench:
        bench = DispatcherBench(request.param)
        for name in NAMES:
            bench.health(name, healthy=False)
        return bench

    def test_a_probe_is_one_payment(self, down: DispatcherBench) -> None:
        down.take(3)
        down.dispatcher.want_probe("default")
        assert where(down.go_all()) == ["default"]
        assert down.go() is None

    def test_one_is_under_way_at_a_time(self, down: DispatcherBench) -> None:
        """Whoever is sent to a processor that hangs waits there."""
        down.take(3)
        down.dispatcher.want_probe("default")
        (first,) = down.go_all()
        down.dispatcher.want_probe("default")
        assert down.go() is None
        down.refuse(first)
        (second,) = down.go_all()
        assert second.payment != first.payment

    def test_one_that_hangs_is_overtaken_if_the_processor_says_that_it_is_well(self, down: DispatcherBench) -> None:
        down.take(3)
        down.dispatcher.want_probe("default")
        assert where(down.go_all()) == ["default"]
        down.dispatcher.want_probe("default", overtakes=True)
        assert where(down.go_all()) == ["default"]

    def test_one_that_found_no_payment_waits_for_it(self, down: DispatcherBench) -> None:
        for _ in range(5):
            down.dispatcher.want_probe("default")
        assert down.go() is None
        down.take(3)
        assert where(down.go_all()) == ["default"]

    def test_those_that_failed_there_and_those_that_did_not_take_turns(self, down: DispatcherBench) -> None:
        """Those that failed may all be at fault themselves; of the others each may become one of unknown outcome."""
        for _ in range(2):
            down.make_unknown("default")
        for lookup in down.go_all():
            down.leave_unknown(lookup)
        down.take(3)
        probes = []
        for _ in range(4):
            down.dispatcher.want_probe("default")
            (probe,) = [each for each in down.go_all() if each.step is not Step.LOOK_UP]
            probes.append(probe)
            for _actor, attempt in down.under_way.copy():
                down.leave_unknown(attempt)
        assert [each.step for each in probes] == [Step.POST, Step.RESOLVE, Step.POST, Step.RESOLVE]
        assert [each.again for each in probes] == [False, True, False, True]
        assert len({each.payment for each in probes}) == 4

    def test_the_newest_and_the_oldest_of_those_that_did_not_fail_take_turns(self, down: DispatcherBench) -> None:
        """Many bad payments that came at once are the oldest for as many probes."""
        down.take(6)
        fresh: list[int] = []
        while len(fresh) < 3:
            down.dispatcher.want_probe("default")
            (probe,) = down.go_all()
            if not probe.again:
                fresh.append(int.from_bytes(probe.payment.payment_id))
            down.refuse(probe)
        assert fresh == [6, 1, 5]

    def test_what_closed_the_circuit_goes_first_when_it_opens_again(self, down: DispatcherBench) -> None:
        down.take(6)
        for newest in (6, 5, 4):
            down.dispatcher.want_probe("default")
            (probe,) = down.go_all()
            assert int.from_bytes(probe.payment.payment_id) == newest
            down.end(probe)
            down.health("default", healthy=True)
            down.health("default", healthy=False)

    def test_one_that_failed_elsewhere_leaves_the_next_turn_to_a_new_one(self, fastest: DispatcherBench) -> None:
        """Bad payments that only one processor has tried would be all probes of the other."""
        fastest.health("default", healthy=False)
        fastest.take(1)
        (failed,) = fastest.go_all()
        fastest.refuse(failed)
        fastest.dispatcher.want_probe("default")
        (probe,) = fastest.go_all()
        assert probe.payment == failed.payment
        fastest.refuse(probe)
        fastest.take(2)
        assert where(fastest.go_all()) == ["default", "fallback"]

    def test_all_that_failed_there_take_turns(self, down: DispatcherBench) -> None:
        """However many fail there for ever, one that would settle by now is tried."""
        down.take(1)
        down.dispatcher.want_probe("default")
        (refused,) = down.go_all()
        down.refuse(refused)
        for _ in range(3):
            down.make_unknown("default")
        for lookup in down.go_all():
            down.leave_unknown(lookup)
        probes = []
        for _ in range(8):
            down.dispatcher.want_probe("default")
            (probe,) = [each for each in down.go_all() if each.step is not Step.LOOK_UP]
            probes.append(probe.payment)
            down.leave_unknown(probe) if probe.step is Step.RESOLVE else down.refuse(probe)
            for _actor, attempt in down.under_way.copy():
                down.leave_unknown(attempt)
        assert refused.payment in probes

    def test_one_that_did_not_fail_takes_the_turn_that_it_missed(self, fastest: DispatcherBench) -> None:
        """All others go elsewhere at once, so there is none at the instant of a probe."""
        fastest.health("default", healthy=False)
        for _ in range(2):
            fastest.make_unknown("default")
        fastest.dispatcher.want_probe("default")
        for attempt in fastest.go_all():
            fastest.leave_unknown(attempt)
        fastest.take(2)
        assert where(fastest.go_all()) == ["default", "fallback"]

    def test_the_payment_that_failed_there_last_is_none(self, down: DispatcherBench) -> None:
        down.take(2)
        down.dispatcher.want_probe("default")
        (first,) = down.go_all()
        down.refuse(first)
        for _ in range(3):
            down.dispatcher.want_probe("default")
            (second,) = down.go_all()
            assert second.payment != first.payment
            down.refuse(second)
            first = second

    @pytest.mark.parametrize("outcome", ["refuse", "leave_unknown"])
    def test_without_another_payment_there_is_none(self, down: DispatcherBench, outcome: str) -> None:
        down.take()
        down.dispatcher.want_probe("default")
        (only,) = down.go_all()
        getattr(down, outcome)(only)
        down.dispatcher.want_probe("default")
        assert [each.step for each in down.go_all()] in ([], [Step.LOOK_UP])
        assert down.dispatcher.lacks_probe("default")

    def test_when_its_word_is_not_to_be_had_the_same_payment_has_to_do(self, down: DispatcherBench) -> None:
        down.take()
        down.dispatcher.want_probe("default")
        (only,) = down.go_all()
        down.refuse(only)
        down.dispatcher.want_probe("default")
        down.clock.now_s += UNFIT_S
        assert [each.payment for each in down.go_all()] == [only.payment]

    def test_one_that_rests_will_do(self, down: DispatcherBench) -> None:
        down.take(2)
        for name in ("default", "default", "default"):
            down.dispatcher.want_probe(name)
            (probe,) = down.go_all()
            down.refuse(probe)
        assert down.backlog.rested_s is not None

    def test_unknown_outcomes_elsewhere_do_not(self, down: DispatcherBench) -> None:
        down.make_unknown("fallback")
        down.take()
        down.dispatcher.want_probe("default")
        probe = down.go()
        assert probe is not None
        assert (probe.step, probe.processor) == (Step.POST, "default")

    def test_a_probe_that_only_found_its_row_is_followed_by_another(self, down: DispatcherBench) -> None:
        for _ in range(2):
            down.make_unknown("default")
            (lookup,) = down.go_all()
            down.leave_unknown(lookup)
        down.dispatcher.want_probe("default")
        steps = []
        while probes := down.go_all():
            (probe,) = probes
            steps.append(probe.step)
            down.end(probe)
            down.dispatcher.resolved(probe)
        assert steps == [Step.RESOLVE, Step.RESOLVE]
        down.take()
        assert [each.step for each in down.go_all()] == [Step.POST]

    def test_a_row_found_at_a_healthy_processor_asks_for_no_probe(self, fastest: DispatcherBench) -> None:
        fastest.make_unknown("default")
        (attempt,) = fastest.go_all()
        fastest.end(attempt)
        fastest.dispatcher.resolved(attempt)
        fastest.health("default", healthy=False)
        fastest.health("fallback", healthy=False)
        fastest.take()
        assert fastest.go() is None

    def test_both_are_probed(self) -> None:
        bench = DispatcherBench(Fastest())
        for name in NAMES:
            bench.health(name, healthy=False)
            bench.dispatcher.want_probe(name)
        bench.take(3)
        assert sorted(where(bench.go_all())) == ["default", "fallback"]

    def test_the_dearer_one_is_probed_only_with_a_payment_out_of_patience(self, cheapest: DispatcherBench) -> None:
        for name in NAMES:
            cheapest.health(name, healthy=False)
        cheapest.take()
        cheapest.dispatcher.want_probe("fallback")
        assert cheapest.go() is None
        cheapest.clock.now_s += 5.0
        assert where(cheapest.go_all()) == ["fallback"]

    def test_a_recovered_processor_is_not_probed(self, down: DispatcherBench) -> None:
        down.dispatcher.want_probe("default")
        down.health("default", healthy=True)
        down.health("default", healthy=False)
        down.take()
        assert down.go() is None

    def test_a_processor_at_its_limit_is_probed_when_it_has_room(self) -> None:
        bench = DispatcherBench(Fastest())
        bench.take(6)
        attempts = bench.go_all()
        assert where(attempts) == ["default"] * 4
        for name in NAMES:
            bench.health(name, healthy=False)
        bench.dispatcher.want_probe("default")
        assert bench.go() is None
        assert not bench.dispatcher.lacks_probe("default")
        bench.end(attempts[0])
        assert where(bench.go_all()) == ["default"]

    def test_a_payment_that_it_rejected_is_no_probe(self, down: DispatcherBench) -> None:
        down.take()
        down.dispatcher.want_probe("default")
        attempt = down.go()
        assert attempt is not None
        down.end(attempt)
        down.backlog.outcomes.refuse(attempt.payment.payment_id, "HTTP 400", down.clock.now_s, permanent=True)
        down.dispatcher.want_probe("default")
        assert down.go() is None


class TestUnknown:
    def test_at_a_healthy_processor_it_is_resolved(self, fastest: DispatcherBench) -> None:
        fastest.make_unknown("fallback")
        attempt = fastest.go()
        assert attempt is not None
        assert (attempt.step, attempt.processor, attempt.requested_at_ms) == (Step.RESOLVE, "fallback", 4000)

    def test_at_an_unhealthy_one_it_is_only_looked_up(self, fastest: DispatcherBench) -> None:
        fastest.make_unknown("fallback")
        fastest.health("fallback", healthy=False)
        attempt = fastest.go()
        assert attempt is not None
        assert (attempt.step, attempt.processor) == (Step.LOOK_UP, "fallback")

    def test_it_waits_until_it_is_due(self, fastest: DispatcherBench) -> None:
        fastest.make_unknown("default")
        attempt = fastest.go()
        assert attempt is not None
        fastest.end(attempt)
        fastest.backlog.outcomes.mark_unknown(attempt.payment.payment_id, fastest.clock.now_s)
        assert fastest.go() is None
        left_s = fastest.dispatcher.wake_in_s()
        assert left_s == pytest.approx(0.1)
        fastest.clock.now_s += 0.11
        assert fastest.go() is not None

    def test_due_ones_go_before_what_waits(self, fastest: DispatcherBench) -> None:
        fastest.make_unknown("default")
        fastest.take()
        assert [each.step for each in fastest.go_all()] == [Step.RESOLVE, Step.POST]

    def test_they_stay_within_the_limit(self, fastest: DispatcherBench) -> None:
        for _ in range(10):
            fastest.make_unknown("default")
        assert len(fastest.go_all()) == 4

    def test_an_attempt_belongs_to_the_present_epoch(self, fastest: DispatcherBench) -> None:
        fastest.backlog.purge()
        fastest.make_unknown("default")
        attempt = fastest.go()
        assert attempt is not None
        assert attempt.epoch == 1
