"""The poller of one processor's health endpoint."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from gevent.event import Event

from actors.health.poller import POLL_INTERVAL_S, HealthPoller
from actors.messages.health import HealthPolled
from actors.runtime.alarm import Wake
from actors.values import HealthReport

if TYPE_CHECKING:
    from actors.runtime.reference import Reference
    from tests.actors.fakes import Probe, ScriptedProcessor, World

FAILING, FINE = HealthReport(failing=True, min_response_ms=0), HealthReport(failing=False, min_response_ms=0)


class TestPoller:
    @pytest.fixture
    def processor(self, processors: dict[str, ScriptedProcessor]) -> ScriptedProcessor:
        return processors["default"]

    @pytest.fixture
    def health(self, world: World) -> Probe:
        return world.probe("health")

    @pytest.fixture
    def schedule(self) -> dict[str, float]:
        return {}

    @pytest.fixture
    def poller(
        self, world: World, processor: ScriptedProcessor, health: Probe, schedule: dict[str, float]
    ) -> Reference:
        return world.start(
            "poller",
            lambda me: HealthPoller(me, processor, "default", health.reference, world.timers, world.clock, schedule),
        )

    def test_it_polls_at_once_and_then_at_every_interval(
        self, world: World, poller: Reference, processor: ScriptedProcessor, health: Probe
    ) -> None:
        world.advance(0.0)
        assert health.of(HealthPolled) == [HealthPolled("default", FINE, world.clock.now_s)]
        for polls in range(1, 20):
            world.advance(POLL_INTERVAL_S - 0.01)
            assert processor.polls == polls
            world.advance(0.01)
            assert processor.polls == polls + 1

    def test_the_interval_keeps_to_the_processors_limit(self) -> None:
        assert POLL_INTERVAL_S > 5.0

    def test_a_poll_without_an_answer_is_told_and_does_not_end_the_polling(
        self, world: World, poller: Reference, processor: ScriptedProcessor, health: Probe
    ) -> None:
        processor.on_health = lambda: None
        world.advance(POLL_INTERVAL_S)
        assert [each.report for each in health.of(HealthPolled)] == [None, None]

    def test_crashes_neither_stop_nor_hasten_the_polling(
        self, world: World, poller: Reference, processor: ScriptedProcessor
    ) -> None:
        polled_s: list[float] = []

        def crash_every_other_time() -> HealthReport:
            polled_s.append(world.clock.now_s)
            if len(polled_s) % 2:
                raise ValueError("a bug")
            return FINE

        processor.on_health = crash_every_other_time
        world.advance(0.0)
        for _ in range(20):
            world.advance(3.0)
            if len(polled_s) == 6:
                poller.tell("nonsense")
        gaps_s = [after - before for before, after in pairwise(polled_s)]
        assert gaps_s == pytest.approx([POLL_INTERVAL_S] * 11)

    def test_a_wake_that_comes_early_neither_polls_nor_ends_the_polling(
        self, world: World, poller: Reference, processor: ScriptedProcessor
    ) -> None:
        world.advance(0.0)
        for _ in range(10):
            poller.tell(Wake())
            world.advance(0.1)
        assert processor.polls == 1
        world.advance(POLL_INTERVAL_S - 1.0)
        assert processor.polls == 2
        assert len(world.timers) <= 2

    def test_only_timers_of_one_wake_survive_restarts(
        self, world: World, poller: Reference, processor: ScriptedProcessor
    ) -> None:
        """Old timers still go off; if each went on setting the next, every restart would leave one more for good."""
        world.advance(0.0)
        for _ in range(20):
            poller.tell("nonsense")
            world.advance(POLL_INTERVAL_S)
        world.advance(POLL_INTERVAL_S)
        assert len(world.timers) == 1

    def test_a_slow_answer_delays_the_next_poll_no_more_than_it_must(
        self, world: World, poller: Reference, processor: ScriptedProcessor, health: Probe
    ) -> None:
        """The endpoint makes a caller wait for the next window: an answer may take longer than the interval."""
        answered = Event()

        def slow() -> HealthReport:
            answered.wait()
            return FAILING

        processor.on_health = slow
        asked_at_s = world.clock.now_s
        world.advance(7.0)
        assert processor.polls == 1
        answered.set()
        world.advance(0.0)
        assert health.of(HealthPolled)[0] == HealthPolled("default", FAILING, asked_at_s)
        assert processor.polls == 2
