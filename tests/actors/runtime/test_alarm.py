"""One pending wake, and no more timers than that needs."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from actors.runtime.alarm import Alarm, Wake

if TYPE_CHECKING:
    from tests.actors.fakes import Probe, World


@pytest.fixture
def sleeper(world: World) -> Probe:
    return world.probe("sleeper")


@pytest.fixture
def alarm(world: World, sleeper: Probe) -> Alarm:
    return Alarm(sleeper.reference, world.timers, world.clock)


def test_it_wakes_in_time_and_once(world: World, sleeper: Probe, alarm: Alarm) -> None:
    alarm.wake_in(1.0)
    world.advance(0.9)
    assert sleeper.of(Wake) == []
    world.advance(0.1)
    assert sleeper.of(Wake) == [Wake()]
    world.advance(60.0)
    assert sleeper.of(Wake) == [Wake()]


def test_an_earlier_wish_takes_the_place_of_a_later_one(world: World, sleeper: Probe, alarm: Alarm) -> None:
    alarm.wake_in(1.0)
    alarm.wake_in(0.5)
    alarm.wake_in(0.8)
    assert len(world.timers) == 1
    world.advance(0.5)
    assert sleeper.of(Wake) == [Wake()]
    world.advance(60.0)
    assert sleeper.of(Wake) == [Wake()]


def test_what_is_past_is_due_at_once(world: World, sleeper: Probe, alarm: Alarm) -> None:
    alarm.wake_in(-3.0)
    world.advance(0.0)
    assert sleeper.of(Wake) == [Wake()]


def test_after_a_wake_it_can_be_set_again(world: World, sleeper: Probe, alarm: Alarm) -> None:
    for _ in range(3):
        alarm.wake_in(1.0)
        world.advance(1.0)
    assert len(sleeper.of(Wake)) == 3


def test_a_wake_that_is_lost_is_made_good_by_the_next_wish(world: World, sleeper: Probe, alarm: Alarm) -> None:
    alarm.wake_in(1.0)
    world.advance(1.0)
    sleeper.received.clear()  # as if the mailbox had been full
    alarm.wake_in(2.0)
    world.advance(2.0)
    assert sleeper.of(Wake) == [Wake()]


def test_a_wake_that_is_due_and_late_still_comes(world: World, sleeper: Probe, alarm: Alarm) -> None:
    """Its timer waits for its turn, as a busy worker's do: whoever wishes for more now may not have looked yet."""
    alarm.wake_in(1.0)
    world.clock.now_s += 1.001
    alarm.wake_in(5.0)
    world.advance(0.0)
    assert sleeper.of(Wake) == [Wake()]
    assert len(world.timers) == 1


def test_a_timer_that_fails_leaves_the_earlier_one(world: World, sleeper: Probe, alarm: Alarm) -> None:
    alarm.wake_in(1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.timers, "tell_after", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            alarm.wake_in(0.5)
    world.advance(1.0)
    assert sleeper.of(Wake) == [Wake()]


def test_there_is_one_timer_at_most(world: World, sleeper: Probe, alarm: Alarm) -> None:
    """An owner that always has something due in 0.25 s, and often something sooner."""
    chance = random.Random(1)
    for _ in range(2000):
        alarm.wake_in(chance.choice([0.25, 0.1, 0.2]))
        world.advance(chance.expovariate(20))
        if sleeper.take(Wake):
            alarm.wake_in(0.25)
        assert len(world.timers) <= 1
