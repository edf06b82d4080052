"""The watch measures while somebody looks, and costs next to nothing while nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
import pytest

from actors.messages.people import GetAtWork, GetHealth, GetHeldReport, GetPayments, GetProcessors, GetPulse, GetSummary
from actors.reports import PaymentsPage, Pulse
from actors.runtime.meter import Meter
from actors.values import ProcessorHealth, Totals
from rinha.bridge.protocol.wire.processes import ProcessEvents
from rinha.overview.durations import Durations
from rinha.overview.watch import WATCHED_S, Watch
from rinha.trace.recording.process import Process
from rinha.trace.recording.recorder import ProcessRecorder
from tests.actors.fakes import World
from tests.support.patience import PATIENCE_S
from tests.support.samples import OVERVIEW, STATISTICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.runtime.reference import Reference
    from rinha.bridge.protocol.wire.overview import ActorReport

NO_EVENTS = ProcessEvents("worker", "0" * 16, ())
ANSWERS: dict[type, Any] = {
    GetPulse: Pulse(STATISTICS.counts, "default", {"default": 1}),
    GetSummary: {"default": Totals(1, 100)},
    GetHealth: (ProcessorHealth("default", 500),),
    GetProcessors: OVERVIEW.processors,
    GetHeldReport: OVERVIEW.held,
    GetPayments: PaymentsPage((), 0, ""),
    GetAtWork: (),
}


class Looked:
    """A watch over one actor, and whoever drives it each second."""

    def __init__(self) -> None:
        meter = Meter()
        self.world = World(meter)
        self.actor: Reference = self.world.probe("intake").reference
        recorder = ProcessRecorder(Process("worker", "0" * 16, "worker"), recent=100)
        self.watch = Watch(
            lambda question: ANSWERS[type(question)],
            self.world.supervisor,
            meter,
            recorder,
            Durations(),
            self.world.clock,
        )
        self.looks = 0
        self.look()

    def look(self) -> None:
        self.looks += 1
        self.watch.look(NO_EVENTS, (), ())

    def seconds(self, number: int, tells: int = 0) -> None:
        """Let seconds pass; in each the actor is told so many messages."""
        for _ in range(number):
            for _ in range(tells):
                self.actor.tell("something")
            gevent.idle()
            self.world.clock.now_s += 1.0
            if self.watch.is_due:
                self.look()

    def intake(self) -> ActorReport:
        (actor,) = self.watch.overview(0).actors
        return actor

    def handled(self) -> int:
        return self.watch.metrics().actors["intake"].handled


@pytest.fixture
def looked() -> Iterator[Looked]:
    looked = Looked()
    yield looked
    looked.world.supervisor.stop(PATIENCE_S)


def test_until_somebody_asks_actors_are_not_timed_and_looks_are_few(looked: Looked) -> None:
    assert looked.world.supervisor.instruments.paused
    looked.seconds(20)
    assert looked.looks == 1 + 4


def test_when_nobody_has_asked_for_a_while_it_is_so_again(looked: Looked) -> None:
    assert looked.handled() == 0
    looked.seconds(20, tells=3)
    assert (looked.looks, looked.intake().per_s, looked.handled()) == (21, 3.0, 60)
    looked.seconds(int(WATCHED_S) + 6)
    assert looked.world.supervisor.instruments.paused
    before = looked.looks
    looked.seconds(20)
    assert looked.looks == before + 4


@pytest.mark.parametrize("every_s", [1, 15, 60])
def test_whoever_asks_once_a_minute_or_more_has_them_timed_all_the_time(looked: Looked, every_s: int) -> None:
    looked.watch.metrics()
    for _ in range(4):
        looked.seconds(every_s, tells=2)
        looked.watch.metrics()
    assert looked.handled() == 4 * every_s * 2
    assert looked.looks == 1 + 4 * every_s


def test_the_first_question_after_a_while_gets_no_figures_of_actors_and_the_next_has_them(looked: Looked) -> None:
    looked.seconds(int(WATCHED_S) + 6, tells=1)
    looked.seconds(300, tells=1)
    first = looked.intake()
    assert (first.per_s, first.wait_ms, first.busy) == (None, None, None), "not zero: nobody measured"
    looked.seconds(1, tells=7)
    assert looked.intake().per_s == 7.0


def test_counters_of_metrics_do_not_fall_over_a_pause(looked: Looked) -> None:
    looked.watch.metrics()
    looked.seconds(10, tells=1)
    before = looked.handled()
    looked.seconds(200)
    assert looked.handled() == before == 10
    looked.seconds(5, tells=1)
    assert looked.handled() == 15


def test_the_last_minutes_are_there_for_the_first_who_asks(looked: Looked) -> None:
    looked.seconds(400)
    seconds = looked.watch.overview(0).seconds
    assert len(seconds) >= 295
    numbers = [each.number for each in seconds]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
