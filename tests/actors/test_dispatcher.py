"""What goes where next: probes, then unknown outcomes that are due, then what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.backlog import Backlog
from actors.dispatcher import OVERDUE_S, Dispatcher
from actors.messages import Attempt, Payment, ProcessorHealth, Step
from actors.pool import Pool
from actors.routing import Cheapest, Fastest, Policy

if TYPE_CHECKING:
    from actors.ports import Recipient

NAMES = ("default", "fallback")


class Clock:
    """Stands still unless moved; its own class, for a property needs a new one per example."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def now_ms(self) -> int:
        return round(self.now_s * 1000)

    def monotonic_s(self) -> float:
        return self.now_s


class Worker:
    def tell(self, message: Any) -> None:
        raise AssertionError("the dispatcher tells nobody anything")


class Bench:
    """A dispatcher with its neighbours."""

    def __init__(self, policy: Policy, workers: int = 8, limit: int = 4) -> None:
        self.clock = Clock()
        self.backlog = Backlog(NAMES)
        self.pool = Pool(NAMES, limit)
        self.states = {
            "default": ProcessorHealth("default", 500),
            "fallback": ProcessorHealth("fallback", 1500),
        }
        self.dispatcher = Dispatcher(self.backlog, self.pool, policy, list(self.states.values()), self.clock)
        for _ in range(workers):
            self.pool.add(Worker())
        self.under_way: list[tuple[Recipient, Attempt]] = []
        self.taken = 0

    def health(self, name: str, **fields: Any) -> None:
        self.states[name] = self.states[name]._replace(**fields)
        self.dispatcher.update(list(self.states.values()))

    def take(self, payments: int = 1) -> None:
        for _ in range(payments):
            self.taken += 1
            self.backlog.take(Payment(self.taken.to_bytes(16), 1990), self.clock.now_s)

    def go(self) -> Attempt | None:
        planned = self.dispatcher.next()
        if planned is None:
            return None
        self.under_way.append(planned)
        return planned[1]

    def go_all(self) -> list[Attempt]:
        attempts = []
        while (attempt := self.go()) is not None:
            attempts.append(attempt)
        return attempts

    def end(self, attempt: Attempt) -> None:
        (found,) = [each for each in self.under_way if each[1] is attempt]
        self.under_way.remove(found)
        self.pool.end(*found)

    def make_unknown(self, processor: str) -> None:
        """Take a payment, and have its outcome at a processor unknown, due at once."""
        self.take()
        newest = self.backlog.heads()[-1]
        self.backlog.dispatch(newest, processor, 4000)
        self.backlog.mark_unknown(newest.payment.payment_id, self.clock.now_s)


@pytest.fixture
def fastest() -> Bench:
    return Bench(Fastest(tolerance_ms=10.0, benchmark_slots=2))


@pytest.fixture
def cheapest() -> Bench:
    return Bench(Cheapest(patience_s=5.0))


def where(attempts: list[Attempt]) -> list[str]:
    return [each.processor for each in attempts]


class TestWaiting:
    def test_nothing_waits_nothing_goes(self, fastest: Bench) -> None:
        assert fastest.go() is None
        assert fastest.dispatcher.wake_in_s() is None

    def test_each_fresh_attempt_is_stamped_now(self, fastest: Bench) -> None:
        fastest.take(2)
        first = fastest.go()
        fastest.clock.now_s += 0.5
        second = fastest.go()
        assert first is not None
        assert second is not None
        assert (first.step, first.processor, first.epoch) == (Step.POST, "default", 0)
        assert (first.requested_at_ms, second.requested_at_ms) == (1_000_000, 1_000_500)

    def test_a_repeated_attempt_is_stamped_anew(self, fastest: Bench) -> None:
        fastest.take()
        first = fastest.go()
        assert first is not None
        fastest.end(first)
        fastest.backlog.refuse(first.payment.payment_id, "HTTP 500", fastest.clock.now_s, permanent=False)
        fastest.clock.now_s += 1.0
        again = fastest.go()
        assert again is not None
        assert again.requested_at_ms == first.requested_at_ms + 1000

    def test_the_oldest_goes_first(self, fastest: Bench) -> None:
        fastest.take(3)
        assert [each.payment.payment_id[-1] for each in fastest.go_all()] == [1, 2, 3]

    def test_a_processor_gets_no_more_than_its_limit(self, fastest: Bench) -> None:
        fastest.take(10)
        attempts = fastest.go_all()
        assert where(attempts) == ["default"] * 4
        fastest.end(attempts[2])
        assert where(fastest.go_all()) == ["default"]

    def test_no_more_go_than_payment_actors_are_idle(self) -> None:
        bench = Bench(Fastest(), workers=2)
        bench.take(10)
        assert len(bench.go_all()) == 2
        assert bench.dispatcher.wake_in_s() is None

    def test_with_both_unhealthy_all_wait(self, fastest: Bench) -> None:
        for name in NAMES:
            fastest.health(name, healthy=False)
        fastest.take(3)
        assert fastest.go() is None

    def test_one_that_a_processor_rejected_goes_to_the_other_and_holds_up_nobody(self, fastest: Bench) -> None:
        fastest.health("fallback", healthy=False)
        fastest.take(2)
        first = fastest.go()
        assert first is not None
        fastest.end(first)
        fastest.backlog.refuse(first.payment.payment_id, "HTTP 400", fastest.clock.now_s, permanent=True)
        second = fastest.go()
        assert second is not None
        assert second.payment.payment_id != first.payment.payment_id
        assert fastest.go() is None
        fastest.health("fallback", healthy=True)
        assert where(fastest.go_all()) == ["fallback"]


class TestOverdue:
    def test_an_attempt_that_hangs_tells_that_its_processor_is_slow(self, fastest: Bench) -> None:
        fastest.take(3)
        attempt = fastest.go()
        assert attempt is not None
        assert attempt.processor == "default"
        fastest.clock.now_s += OVERDUE_S + 0.05
        assert where(fastest.go_all()) == ["fallback", "fallback"]

    def test_a_shorter_wait_says_nothing(self, fastest: Bench) -> None:
        fastest.take(2)
        fastest.go()
        fastest.clock.now_s += OVERDUE_S - 0.05
        assert where(fastest.go_all()) == ["default"]

    def test_less_than_its_known_latency_says_nothing(self, fastest: Bench) -> None:
        fastest.health("default", latency_ms=5000.0)
        fastest.health("fallback", latency_ms=5001.0)
        fastest.take(2)
        fastest.go()
        fastest.clock.now_s += 2.0
        assert where(fastest.go_all()) == ["default"]


class TestPatience:
    def test_payments_wait_for_the_cheaper_one(self, cheapest: Bench) -> None:
        cheapest.health("default", healthy=False)
        cheapest.take()
        assert cheapest.go() is None
        cheapest.clock.now_s += 4.9
        assert cheapest.go() is None
        cheapest.clock.now_s += 0.1
        assert where(cheapest.go_all()) == ["fallback"]

    def test_each_has_its_own(self, cheapest: Bench) -> None:
        cheapest.health("default", healthy=False)
        cheapest.take()
        cheapest.clock.now_s += 3.0
        cheapest.take()
        cheapest.clock.now_s += 3.0
        assert [each.payment.payment_id[-1] for each in cheapest.go_all()] == [1]

    def test_a_refusal_does_not_begin_it_anew(self, cheapest: Bench) -> None:
        cheapest.take()
        attempt = cheapest.go()
        assert attempt is not None
        cheapest.clock.now_s += 4.0
        cheapest.end(attempt)
        cheapest.backlog.refuse(attempt.payment.payment_id, "HTTP 500", cheapest.clock.now_s, permanent=False)
        cheapest.health("default", healthy=False)
        cheapest.clock.now_s += 1.0
        assert where(cheapest.go_all()) == ["fallback"]


class TestBenchmarks:
    def test_the_cheaper_one_that_is_not_in_use_gets_its_share(self, fastest: Bench) -> None:
        fastest.health("default", latency_ms=100.0)
        fastest.take(5)
        attempts = fastest.go_all()
        assert where(attempts) == ["default", "default", "fallback", "fallback", "fallback"]
        fastest.end(attempts[0])
        fastest.take()
        assert where(fastest.go_all()) == ["default"]

    def test_the_dearer_one_gets_one_at_a_time_when_stale(self, fastest: Bench) -> None:
        fastest.health("fallback", stale=True)
        fastest.take(3)
        assert where(fastest.go_all()) == ["fallback", "default", "default"]

    def test_a_share_above_the_limit_is_no_way_round_it(self) -> None:
        bench = Bench(Fastest(benchmark_slots=100), workers=20, limit=3)
        bench.health("default", latency_ms=100.0)
        bench.take(20)
        attempts = where(bench.go_all())
        assert attempts.count("default") == 3
        assert attempts.count("fallback") == 3

    def test_a_processor_that_rejected_a_payment_is_not_measured_with_it(self, fastest: Bench) -> None:
        fastest.take()
        attempt = fastest.go()
        assert attempt is not None
        fastest.end(attempt)
        fastest.backlog.refuse(attempt.payment.payment_id, "HTTP 400", fastest.clock.now_s, permanent=True)
        fastest.health("default", latency_ms=100.0)
        assert where(fastest.go_all()) == ["fallback"]


class TestProbes:
    @pytest.fixture(params=[Fastest(), Cheapest(5.0)], ids=["fastest", "cheapest"])
    def down(self, request: pytest.FixtureRequest) -> Bench:
        bench = Bench(request.param)
        for name in NAMES:
            bench.health(name, healthy=False)
        return bench

    def test_a_probe_is_one_payment(self, down: Bench) -> None:
        down.take(3)
        down.dispatcher.want_probe("default")
        assert where(down.go_all()) == ["default"]
        assert down.go() is None

    def test_it_does_not_wait_for_an_earlier_one(self, down: Bench) -> None:
        down.take(3)
        for _ in range(3):
            down.dispatcher.want_probe("default")
            assert where(down.go_all()) == ["default"]

    def test_one_that_found_no_payment_waits_for_it(self, down: Bench) -> None:
        for _ in range(5):
            down.dispatcher.want_probe("default")
        assert down.go() is None
        down.take(3)
        assert where(down.go_all()) == ["default"]

    def test_unknown_outcomes_go_first_even_before_they_are_due(self, down: Bench) -> None:
        down.make_unknown("default")
        (lookup,) = down.go_all()
        down.end(lookup)
        down.backlog.mark_unknown(lookup.payment.payment_id, down.clock.now_s)
        assert down.go() is None
        down.take()
        down.dispatcher.want_probe("default")
        (probe,) = down.go_all()
        assert (probe.step, probe.payment) == (Step.RESOLVE, lookup.payment)
        assert probe.requested_at_ms == 4000

    def test_unknown_outcomes_elsewhere_do_not(self, down: Bench) -> None:
        down.make_unknown("fallback")
        down.take()
        down.dispatcher.want_probe("default")
        probe = down.go()
        assert probe is not None
        assert (probe.step, probe.processor) == (Step.POST, "default")

    def test_a_probe_that_only_found_its_row_is_followed_by_another(self, down: Bench) -> None:
        for _ in range(2):
            down.make_unknown("default")
            (lookup,) = down.go_all()
            down.end(lookup)
            down.backlog.mark_unknown(lookup.payment.payment_id, down.clock.now_s)
        down.take()
        down.dispatcher.want_probe("default")
        steps = []
        while probes := down.go_all():
            (probe,) = probes
            steps.append(probe.step)
            down.end(probe)
            down.dispatcher.resolved(probe)
        assert steps == [Step.RESOLVE, Step.RESOLVE, Step.POST]

    def test_a_row_found_at_a_healthy_processor_asks_for_no_probe(self, fastest: Bench) -> None:
        fastest.make_unknown("default")
        (attempt,) = fastest.go_all()
        fastest.end(attempt)
        fastest.dispatcher.resolved(attempt)
        fastest.health("default", healthy=False)
        fastest.health("fallback", healthy=False)
        fastest.take()
        assert fastest.go() is None

    def test_both_are_probed(self) -> None:
        bench = Bench(Fastest())
        for name in NAMES:
            bench.health(name, healthy=False)
            bench.dispatcher.want_probe(name)
        bench.take(3)
        assert sorted(where(bench.go_all())) == ["default", "fallback"]

    def test_the_dearer_one_is_probed_only_with_a_payment_out_of_patience(self, cheapest: Bench) -> None:
        for name in NAMES:
            cheapest.health(name, healthy=False)
        cheapest.take()
        cheapest.dispatcher.want_probe("fallback")
        assert cheapest.go() is None
        cheapest.clock.now_s += 5.0
        assert where(cheapest.go_all()) == ["fallback"]

    def test_a_recovered_processor_is_not_probed(self, down: Bench) -> None:
        down.dispatcher.want_probe("default")
        down.health("default", healthy=True)
        down.health("default", healthy=False)
        down.take()
        assert down.go() is None

    def test_a_processor_at_its_limit_is_probed_when_it_has_room(self, down: Bench) -> None:
        down.take(6)
        attempts = []
        for _ in range(5):
            down.dispatcher.want_probe("default")
            attempts += down.go_all()
        assert len(attempts) == 4
        down.end(attempts[0])
        assert where(down.go_all()) == ["default"]

    def test_a_payment_that_it_rejected_is_no_probe(self, down: Bench) -> None:
        down.take()
        down.dispatcher.want_probe("default")
        attempt = down.go()
        assert attempt is not None
        down.end(attempt)
        down.backlog.refuse(attempt.payment.payment_id, "HTTP 400", down.clock.now_s, permanent=True)
        down.dispatcher.want_probe("default")
        assert down.go() is None


class TestUnknown:
    def test_at_a_healthy_processor_it_is_resolved(self, fastest: Bench) -> None:
        fastest.make_unknown("fallback")
        attempt = fastest.go()
        assert attempt is not None
        assert (attempt.step, attempt.processor, attempt.requested_at_ms) == (Step.RESOLVE, "fallback", 4000)

    def test_at_an_unhealthy_one_it_is_only_looked_up(self, fastest: Bench) -> None:
        fastest.make_unknown("fallback")
        fastest.health("fallback", healthy=False)
        attempt = fastest.go()
        assert attempt is not None
        assert (attempt.step, attempt.processor) == (Step.LOOK_UP, "fallback")

    def test_it_waits_until_it_is_due(self, fastest: Bench) -> None:
        fastest.make_unknown("default")
        attempt = fastest.go()
        assert attempt is not None
        fastest.end(attempt)
        fastest.backlog.mark_unknown(attempt.payment.payment_id, fastest.clock.now_s)
        assert fastest.go() is None
        left_s = fastest.dispatcher.wake_in_s()
        assert left_s == pytest.approx(0.1)
        fastest.clock.now_s += 0.11
        assert fastest.go() is not None

    def test_due_ones_go_before_what_waits(self, fastest: Bench) -> None:
        fastest.make_unknown("default")
        fastest.take()
        assert [each.step for each in fastest.go_all()] == [Step.RESOLVE, Step.POST]

    def test_they_stay_within_the_limit(self, fastest: Bench) -> None:
        for _ in range(10):
            fastest.make_unknown("default")
        assert len(fastest.go_all()) == 4

    def test_an_attempt_belongs_to_the_present_epoch(self, fastest: Bench) -> None:
        fastest.backlog.purge()
        fastest.make_unknown("default")
        attempt = fastest.go()
        assert attempt is not None
        assert attempt.epoch == 1


@given(st.data())
def test_it_asks_to_be_woken_whenever_time_alone_would_let_a_payment_go(data: st.DataObject) -> None:
    """Whatever the state: if, with nothing happening, a payment could go later, the intake will look in time.

    It may look a quarter of a second late for a processor that turns out slow, for nothing else.
    """
    policies: list[Policy] = [Fastest(), Fastest(benchmark_slots=0), Cheapest(5.0)]
    bench = Bench(
        data.draw(st.sampled_from(policies)),
        workers=data.draw(st.integers(0, 5)),
        limit=data.draw(st.integers(1, 3)),
    )
    for _ in range(data.draw(st.integers(1, 12))):
        name = data.draw(st.sampled_from(NAMES))
        match data.draw(st.sampled_from(["take", "unknown", "health", "probe", "end", "wait"])):
            case "take":
                bench.take()
            case "unknown":
                bench.make_unknown(name)
            case "health":
                bench.health(name, healthy=data.draw(st.booleans()), latency_ms=data.draw(st.floats(0, 1000)))
            case "probe":
                bench.dispatcher.want_probe(name)
            case "end" if bench.under_way:
                _worker, attempt = data.draw(st.sampled_from(bench.under_way))
                bench.end(attempt)
                match data.draw(st.sampled_from(["refused", "rejected", "unknown", "settled"])):
                    case "unknown":
                        bench.backlog.mark_unknown(attempt.payment.payment_id, bench.clock.now_s)
                    case "settled":
                        bench.backlog.settle(attempt.payment.payment_id)
                    case outcome:
                        bench.backlog.refuse(
                            attempt.payment.payment_id, "", bench.clock.now_s, permanent=outcome == "rejected"
                        )
            case _:
                bench.clock.now_s += data.draw(st.floats(0.01, 3))
    bench.go_all()
    # Follow the wakes, as the intake does, for longer than any delay there is.
    woken_until_s = bench.clock.now_s + 12.0
    while True:
        wake_s = bench.dispatcher.wake_in_s()
        end_s = woken_until_s if wake_s is None else min(woken_until_s, bench.clock.now_s + wake_s)
        while bench.clock.now_s < end_s - 0.02:
            bench.clock.now_s += 0.02
            if bench.go() is not None:
                assert wake_s is not None, "a payment could go and nobody would have looked"
                assert wake_s <= OVERDUE_S
        if end_s == woken_until_s:
            return
        bench.clock.now_s = end_s + 1e-6
        bench.go_all()
