"""The meter counts and times by actor and class of message."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import gevent
import pytest

from actors.runtime.meter import Measured, Meter
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from actors.runtime.instruments import AnyInstrument
    from actors.runtime.reference import Reference
    from tests.actors.fakes import World
    from tests.actors.script import Script


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def instruments(meter: Meter) -> list[AnyInstrument]:
    return [meter]


def test_nothing_is_measured_before_the_first_message(actor: Reference, meter: Meter) -> None:
    assert (meter.measured(), meter.waiting()) == ([], {})


def test_messages_are_counted_by_actor_and_class(world: World, script: Script, actor: Reference, meter: Meter) -> None:
    other = world.start("other", script.behaviour)
    for number in range(3):
        actor.tell(number)
    actor.tell(2.5)
    other.ask(1, timeout=PATIENCE_S)
    assert [(each.actor, each.message, each.handled) for each in meter.measured()] == [
        ("scripted", "int", 3),
        ("scripted", "float", 1),
        ("other", "int", 1),
    ]


def test_failed_ones_are_counted_as_well(actor: Reference, meter: Meter) -> None:
    actor.tell(ValueError())
    gevent.idle()
    assert meter.measured() == [Measured("scripted", "ValueError", 1, 0.0, 0.0)]


def test_durations_and_waits_add_up(world: World, actor: Reference, meter: Meter) -> None:
    def work() -> None:
        world.clock.now_s += 2.0

    for _ in range(3):
        actor.tell(work)
    gevent.idle()
    actor.tell(work)
    gevent.idle()
    assert meter.measured() == [Measured("scripted", "function", 4, 8.0, 6.0)]


def test_it_tells_what_waits_in_each_mailbox(actor: Reference, meter: Meter) -> None:
    release = gevent.event.Event()
    actor.tell(release.wait)
    gevent.idle()
    for number in range(5):
        actor.tell(number)
    assert meter.waiting() == {"scripted": 5}
    release.set()
    gevent.idle()
    assert meter.waiting() == {"scripted": 0}


def test_of_many_all_are_counted_and_a_sample_is_timed(world: World, actor: Reference, meter: Meter) -> None:
    def work() -> None:
        world.clock.now_s += 0.0001

    for _burst in range(4):
        for _ in range(5000):
            actor.tell(work)
        gevent.idle()
    for _ in range(1000):
        actor.ask(1, timeout=PATIENCE_S)
    worked, asked = meter.measured()
    assert (worked.handled, asked.handled) == (20_000, 1000)
    assert worked.total_s == pytest.approx(2.0, rel=0.1)
    assert worked.wait_s == pytest.approx(4 * 0.0001 * sum(range(5000)), rel=0.1)
    assert asked.total_s == 0.0


@pytest.mark.parametrize("asks_per_tell", [1, 5])
def test_asked_and_told_ones_have_their_shares(
    world: World, actor: Reference, meter: Meter, asks_per_tell: int
) -> None:
    def work() -> None:
        world.clock.now_s += 0.00001

    for _ in range(6000):
        actor.tell(work)
        for _ in range(asks_per_tell):
            actor.ask(partial(work), timeout=PATIENCE_S)
    told, asked = meter.measured()
    assert (told.handled, asked.handled) == (6000, 6000 * asks_per_tell)
    assert told.total_s == pytest.approx(0.06, rel=0.2)
    assert asked.total_s == pytest.approx(0.06 * asks_per_tell, rel=0.2)
