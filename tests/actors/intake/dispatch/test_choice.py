"""Where a payment goes and why, or why it waits: every reason, and the words for it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import pytest

from actors.intake.dispatch import choice as reasons
from actors.intake.dispatch.choice import Choice
from actors.intake.dispatch.routing import Cheapest, Fastest
from actors.words import payments as words
from tests.actors.intake.dispatcher_bench import DispatcherBench

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.intake.dispatch.routing import Policy


class Case(NamedTuple):
    """What a payment meets.

    Args:
        policy: the routing policy.
        default: the default processor's latency in ms; None while it is failing.
        fallback: the same of the other.
        before: what happens before.
        waited_s: how long the payment has waited, in seconds.
    """

    policy: Policy
    default: float | None
    fallback: float | None
    before: Callable[[DispatcherBench], object] = lambda bench: None
    waited_s: float = 0.0


FASTEST = Fastest(tolerance_ms=10.0, benchmark_slots=0)
MEASURING = Fastest(tolerance_ms=10.0, benchmark_slots=1)
CHEAPEST = Cheapest(patience_s=5.0)


def probe(bench: DispatcherBench) -> None:
    bench.dispatcher.want_probe("default")


def doubt(bench: DispatcherBench) -> None:
    bench.make_unknown("default")


def crowd(bench: DispatcherBench) -> None:
    bench.take(4)
    assert len(bench.go_all()) == 4


def burst(bench: DispatcherBench) -> None:
    bench.take(2)
    assert len(bench.go_all()) == 2


@pytest.mark.parametrize(
    ("case", "processor", "reason", "said"),
    [
        (Case(FASTEST, 5, 5), "default", "equal-so-cheaper", "default is the cheaper of those that are equally fast"),
        (Case(FASTEST, 100, 5), "fallback", "fastest", "fallback is the fastest"),
        (Case(FASTEST, None, 5), "fallback", "only-healthy", "fallback is the only healthy processor"),
        (Case(FASTEST, None, None), "", "all-unhealthy", "every processor is failing"),
        (Case(MEASURING, 100, 5), "default", "benchmark", "it measures default, which is not in use"),
        (Case(FASTEST, None, 5, probe), "default", "probe", "it probes default, which was failing"),
        (Case(FASTEST, 5, 5, doubt), "default", "due", "its outcome at default is looked into"),
        (Case(FASTEST, 5, 5, crowd), "default", "no-room", "default has as many payments under way as it may"),
        (Case(FASTEST, 5, 5, burst), "default", "paced", "many wait for default, and they are sent at a bounded pace"),
        (Case(CHEAPEST, 99, 5), "default", "cheapest", "default is the cheapest, and healthy"),
        (Case(CHEAPEST, None, 5, waited_s=1.8), "default", "patience", "default, the cheapest, is failing"),
        (Case(CHEAPEST, None, 5, waited_s=5.0), "fallback", "patience-over", "it has waited long enough"),
        (Case(CHEAPEST, None, None, waited_s=9.0), "", "all-unhealthy", "every processor is failing"),
    ],
)
def test_each_has_its_reason(case: Case, processor: str, reason: str, said: str) -> None:
    bench = DispatcherBench(case.policy, per_s=2.0 if case.before is burst else float("inf"))
    for name, latency_ms in (("default", case.default), ("fallback", case.fallback)):
        bench.health(name, healthy=latency_ms is not None, latency_ms=float(latency_ms or 0))
    case.before(bench)
    bench.take()
    bench.clock.now_s += case.waited_s
    attempt = bench.go()
    if attempt is not None:
        assert (attempt.processor, attempt.why) == (processor, reason)
        assert words.choice(Choice(processor, reason)).startswith(said)
        return
    (waiting,) = bench.backlog.heads(bench.clock.now_s)
    choice = bench.dispatcher.chooser.explain(waiting, bench.clock.now_s)
    assert (choice.processor, choice.awaited, choice.reason) == ("", processor, reason)
    assert words.choice(choice).startswith(said)


def test_patience_says_how_much_is_left() -> None:
    bench = DispatcherBench(CHEAPEST)
    bench.health("default", healthy=False)
    bench.take()
    bench.clock.now_s += 1.8
    (waiting,) = bench.backlog.heads(bench.clock.now_s)
    assert bench.dispatcher.chooser.explain(waiting, bench.clock.now_s).left_s == pytest.approx(3.2)


def test_a_choice_says_the_figures_behind_it(fastest: DispatcherBench) -> None:
    fastest.health("default", latency_ms=120.0)
    fastest.health("fallback", latency_ms=5.25)
    chooser = fastest.dispatcher.chooser
    said = "fallback is the fastest (default 120.0 ms at 5 %, fallback 5.2 ms at 15 %)"
    assert words.choice(chooser.for_new(), chooser.processors) == said


class TestInUse:
    def switches(self, caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
        records = [each.__dict__ for each in caplog.records if each.getMessage() == "routing.switched"]
        return [(each["from"], each["to"]) for each in records]

    @pytest.fixture(autouse=True)
    def info(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)

    def test_each_switch_is_said_once(self, fastest: DispatcherBench, caplog: pytest.LogCaptureFixture) -> None:
        fastest.health("default", latency_ms=1.0)
        assert self.switches(caplog) == [], "it was in use from the start"
        fastest.health("default", healthy=False)
        fastest.health("fallback", latency_ms=7.0)
        fastest.health("fallback", healthy=False)
        fastest.clock.now_s += 60.0
        fastest.health("default", healthy=True)
        assert self.switches(caplog) == [("default", "fallback"), ("fallback", ""), ("", "default")]
        assert fastest.dispatcher.chooser.in_use.since_ms == fastest.clock.now_ms()

    def test_one_that_hangs_is_left_before_anybody_has_measured_it(
        self, fastest: DispatcherBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        fastest.take(2)
        assert {each.processor for each in fastest.go_all()} == {"default"}
        fastest.clock.now_s += 2.0
        fastest.take()
        fastest.go()
        assert self.switches(caplog) == [("default", "fallback")]

    def test_those_out_of_patience_are_what_counts_until_the_cheapest_is_back(
        self, cheapest: DispatcherBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        cheapest.take()
        cheapest.health("default", healthy=False)
        cheapest.clock.now_s += 5.0
        assert cheapest.go() is not None
        for latency_ms in (3.0, 6.0):
            cheapest.health("fallback", latency_ms=latency_ms)
        cheapest.health("default", healthy=True)
        assert self.switches(caplog) == [("default", ""), ("", "fallback"), ("fallback", "default")]

    def test_what_flaps_is_not_written_of_each_time(
        self, fastest: DispatcherBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        for number in range(100):
            fastest.health("default", healthy=bool(number % 2))
        assert len(self.switches(caplog)) == 5
        fastest.clock.now_s += 1.0
        fastest.health("default", healthy=False)
        assert caplog.records[-1].__dict__["left_out"] == 95


def test_reasons_are_all_in_the_table() -> None:
    codes = {value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)}
    assert len(codes) == 12
