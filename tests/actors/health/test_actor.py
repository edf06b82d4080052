"""The health actor: what is news, and when a processor is probed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
import pytest

from actors.health.actor import Health
from actors.health.circuit import FAILURES_MAX, Circuit
from actors.messages.health import AttemptObserved, HealthChanged, HealthPolled, ProbeDue, ProbeMissing
from actors.messages.people import GetHealth
from actors.runtime.guard import ActorFailed
from actors.values import HealthReport, ProcessorHealth
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from tests.actors.fakes import World

FAILING, FINE = HealthReport(failing=True, min_response_ms=0), HealthReport(failing=False, min_response_ms=0)


class Bench:
    def __init__(self, world: World) -> None:
        self.world = world
        self.intake = world.probe("intake")
        start_s = world.clock.now_s
        self.circuits = {"default": Circuit("default", 500, start_s), "fallback": Circuit("fallback", 1500, start_s)}
        self.health = world.start(
            "health", lambda me: Health(me, self.circuits, self.intake.reference, world.timers, world.clock)
        )

    def observe(self, processor: str = "default", *, succeeded: bool = True, latency_ms: float = 1.0) -> None:
        self.health.tell(AttemptObserved(processor, succeeded, latency_ms))
        gevent.idle()

    def fail(self, processor: str = "default") -> None:
        for _ in range(FAILURES_MAX):
            self.observe(processor, succeeded=False)

    def report(self, report: HealthReport | None, processor: str = "default") -> None:
        self.health.tell(HealthPolled(processor, report, self.world.clock.now_s))
        gevent.idle()

    def news(self) -> list[tuple[ProcessorHealth, ...]]:
        """What the intake was told since the last look, without probes."""
        changes = self.intake.of(HealthChanged)
        self.intake.received = [each for each in self.intake.received if not isinstance(each, HealthChanged)]
        return [each.processors for each in changes]

    def probes(self) -> list[str]:
        probes = [each.processor for each in self.intake.of(ProbeDue)]
        self.intake.received = [each for each in self.intake.received if not isinstance(each, ProbeDue)]
        return probes


@pytest.fixture
def bench(world: World) -> Bench:
    bench = Bench(world)
    (first,) = bench.news()
    assert [(each.name, each.healthy) for each in first] == [("default", True), ("fallback", True)]
    return bench


class TestNews:
    def test_it_tells_when_a_processor_fails_and_when_it_is_back(self, bench: Bench) -> None:
        bench.fail()
        bench.observe(succeeded=True)
        assert [states[0].healthy for states in bench.news()] == [False, True]

    def test_it_tells_of_a_slowdown(self, bench: Bench) -> None:
        bench.report(HealthReport(failing=False, min_response_ms=100))
        (states,) = bench.news()
        assert states[0].latency_ms == 100.0

    def test_more_of_the_same_is_no_news(self, bench: Bench) -> None:
        for _ in range(100):
            bench.observe(latency_ms=1.5)
            bench.report(FINE, "fallback")
        assert bench.news() == []

    def test_small_steps_add_up_to_news(self, bench: Bench) -> None:
        for latency_ms in range(0, 30):
            for _ in range(5):
                bench.observe(latency_ms=float(latency_ms))
        told_ms = [states[0].latency_ms for states in bench.news()]
        assert told_ms == sorted(told_ms)
        assert 10 <= len(told_ms) <= 15
        assert told_ms[-1] >= 28

    def test_no_usable_answer_is_no_news(self, bench: Bench) -> None:
        bench.report(None)
        assert bench.news() == []

    def test_staleness_is_news_and_a_report_ends_it(self, bench: Bench) -> None:
        bench.world.advance(16.0)
        bench.report(FINE, "default")
        (states,) = bench.news()
        assert [each.stale for each in states] == [False, True]
        bench.report(FINE, "fallback")
        (states,) = bench.news()
        assert [each.stale for each in states] == [False, False]

    def test_it_can_be_asked(self, bench: Bench) -> None:
        bench.fail("fallback")
        states = bench.health.ask(GetHealth(), timeout=PATIENCE_S)
        assert [(each.name, each.healthy) for each in states] == [("default", True), ("fallback", False)]


class TestTurnedAway:
    def turn_away(self, bench: Bench, times: int) -> None:
        for _ in range(times):
            bench.health.tell(AttemptObserved("default", False, 1.0, "HTTP 401", turned_away=True))
            gevent.idle()

    def test_each_opening_is_one_warning(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        self.turn_away(bench, FAILURES_MAX - 1)
        assert not _warnings(caplog)
        self.turn_away(bench, 5)
        assert _warnings(caplog) == [("default", "HTTP 401")]
        bench.observe(succeeded=True)
        self.turn_away(bench, FAILURES_MAX)
        assert len(_warnings(caplog)) == 2

    def test_a_failing_processor_is_none(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        bench.fail()
        self.turn_away(bench, 5)
        assert not _warnings(caplog)


def _warnings(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    records = [vars(each) for each in caplog.records if each.levelname == "WARNING"]
    return [(each["processor"], each["answer"]) for each in records if each["msg"] == "health.turned_away"]


class TestProbes:
    def test_a_failing_processor_is_probed_from_50_ms_to_every_500_ms(self, bench: Bench) -> None:
        bench.fail()
        start_s = bench.world.clock.now_s
        seen_s: list[float] = []
        for _ in range(300):
            bench.world.advance(0.01)
            seen_s += [bench.world.clock.now_s - start_s for _ in bench.probes()]
        assert seen_s == pytest.approx([0.05, 0.1, 0.2, 0.4, 0.8, 1.3, 1.8, 2.3, 2.8], abs=0.015)

    def test_each_failing_processor_has_its_own_schedule(self, bench: Bench) -> None:
        bench.fail("default")
        bench.world.advance(1.0)
        bench.probes()
        bench.fail("fallback")
        bench.world.advance(0.11)
        assert bench.probes() == ["fallback", "fallback"]

    def test_probes_end_with_the_recovery(self, bench: Bench) -> None:
        bench.fail()
        bench.world.advance(0.06)
        bench.observe(succeeded=True)
        bench.probes()
        bench.world.advance(10.0)
        assert bench.probes() == []
        assert len(bench.world.timers) == 0

    def test_a_report_of_recovery_hastens_the_probe(self, bench: Bench) -> None:
        bench.fail()
        bench.world.advance(5.01)
        bench.probes()
        bench.report(FINE)
        assert bench.probes() == ["default"]

    def test_where_there_is_nothing_to_probe_with_its_word_has_to_do(self, bench: Bench) -> None:
        bench.fail()
        bench.world.advance(0.06)
        (due,) = bench.intake.of(ProbeDue)
        due.health.tell(ProbeMissing("default"))
        bench.report(FINE)
        assert [states[0].healthy for states in bench.news()] == [False, True]

    def test_flapping_is_probed_ten_times_a_second_at_most(self, bench: Bench) -> None:
        """Each probe succeeds, and all that follows fails at once."""
        seen_s: list[float] = []
        bench.fail()
        for step in range(2000):
            bench.world.advance(0.005)
            for _ in bench.probes():
                seen_s.append(bench.world.clock.now_s)
                bench.observe(succeeded=step % 3 > 0)
            bench.fail()
        assert len(seen_s) > 10
        assert max(sum(start_s <= each < start_s + 1 for each in seen_s) for start_s in seen_s) <= 10

    def test_a_crash_changes_neither_circuits_nor_schedule(self, bench: Bench) -> None:
        bench.fail()
        with pytest.raises(ActorFailed):
            bench.health.ask("nonsense", timeout=PATIENCE_S)
        assert [states[0].healthy for states in bench.news()] == [False, False], "the new behaviour tells what it knows"
        bench.world.advance(0.21)
        assert bench.probes() == ["default"] * 3
        assert len(bench.world.timers) <= 2


def test_a_message_that_fails_is_let_go(bench: Bench) -> None:
    """The next observation will do."""
    bench.observe("nobody")
    bench.observe("default", latency_ms=50.0)
    assert bench.world.crashes == {"health": 1}
    assert bench.world.dead_letters == {}
    assert bench.news()[-1][0].latency_ms == 50.0
