"""Few messages are timed all, of many a share; what was timed stands for all of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from actors.runtime.sampling import ALL_IN_S, ONE_IN, sampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MANY = 2000 * ONE_IN


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Sender:
    """As a ``Reference`` sends."""

    def __init__(self, clock: Clock) -> None:
        self.skip = 0
        self._stamp = sampler(self, clock)  # type: ignore[arg-type]  # of a reference it has what is asked for

    def __call__(self, message: Any) -> Any:
        if self.skip:
            self.skip -= 1
            return message
        return self._stamp(message)


@pytest.fixture
def stamp(clock: Clock) -> Sender:
    return Sender(clock)


def weights(stamp: Callable[[Any], Any], messages: Iterable[Any]) -> list[tuple[Any, int]]:
    """The messages that are timed, and for how many each stands."""
    letters = [stamp(each) for each in messages]
    return [(letter[0], letter[2]) for letter in letters if type(letter) is tuple]


def test_few_are_timed_all(clock: Clock, stamp: Callable[[Any], Any]) -> None:
    for _second in range(3):
        assert weights(stamp, range(ALL_IN_S - 1)) == [(number, 1) for number in range(ALL_IN_S - 1)]
        clock.now_s += 1.0


def test_the_instant_is_that_of_sending(clock: Clock, stamp: Callable[[Any], Any]) -> None:
    clock.now_s = 7.5
    assert stamp("something") == ("something", 7.5, 1)


def test_the_others_go_as_they_are(stamp: Callable[[Any], Any]) -> None:
    weights(stamp, range(ALL_IN_S))
    sent = list(range(MANY))
    assert [letter[0] if type(letter) is tuple else letter for letter in map(stamp, sent)] == sent


def test_of_many_a_share(stamp: Callable[[Any], Any]) -> None:
    weights(stamp, range(ALL_IN_S))
    timed = weights(stamp, range(MANY))
    assert {weight for _, weight in timed} == {ONE_IN}
    assert len(timed) == pytest.approx(MANY / ONE_IN, rel=0.05)


def test_they_stand_for_all(clock: Clock, stamp: Callable[[Any], Any]) -> None:
    for _second in range(10):
        assert sum(weight for _, weight in weights(stamp, range(10_000))) == pytest.approx(10_000, rel=0.1)
        clock.now_s += 1.0


def test_a_new_second_begins_with_all_of_them(clock: Clock, stamp: Callable[[Any], Any]) -> None:
    weights(stamp, range(10_000))
    clock.now_s += 1.0
    timed = weights(stamp, range(ALL_IN_S))
    assert [weight for _, weight in timed[1:]] == [1] * (len(timed) - 1)
    assert len(timed) > ALL_IN_S - 2 * ONE_IN


@pytest.mark.parametrize("period", [2, 3, 4, 5, 7, 8, 16])
def test_each_place_of_a_pattern_has_its_share(stamp: Callable[[Any], Any], period: int) -> None:
    share = Counter[int]()
    for place, weight in weights(stamp, (number % period for number in range(40_000))):
        share[place] += weight
    assert {place: share[place] / 40_000 for place in range(period)} == pytest.approx(
        dict.fromkeys(range(period), 1 / period), rel=0.25
    )
