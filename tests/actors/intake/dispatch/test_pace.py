"""A burst goes at once, what comes on top at the given rate."""

from __future__ import annotations

import math

import pytest

from actors.intake.dispatch.pace import Pace


def sent_within(pace: Pace, seconds: float) -> int:
    """How many payments go if there are always more, looking each millisecond."""
    sent = 0
    for tick in range(round(seconds * 1000) + 1):
        while pace.ready_in_s(100 + tick / 1000) == 0.0:
            pace.take(100 + tick / 1000)
            sent += 1
    return sent


@pytest.mark.parametrize(("per_s", "burst"), [(1000, 10), (2000, 20), (50, 2)])
def test_a_burst_and_then_the_rate(per_s: float, burst: int) -> None:
    assert sent_within(Pace(per_s), 1.0) == pytest.approx(per_s + burst, abs=burst / 2)


def test_what_comes_on_top_goes_in_groups() -> None:
    """Each group costs a wake-up; one for each payment would double the worker's CPU time."""
    pace = Pace(2000)
    assert sent_within(pace, 0.0) == 20
    groups = 0
    now_s = 100.0
    while now_s < 101.0:
        if pause_s := pace.ready_in_s(now_s):
            groups += 1
            now_s += pause_s + 1e-6  # a timer is never early
        else:
            pace.take(now_s)
    assert groups == pytest.approx(200, abs=2)


def test_it_tells_when_the_next_may_go() -> None:
    pace = Pace(100)
    assert sent_within(pace, 0.0) == 2
    assert pace.ready_in_s(100.0) == pytest.approx(0.01)
    assert pace.ready_in_s(100.004) == pytest.approx(0.006)
    assert pace.ready_in_s(100.02) == 0.0


def test_rest_saves_up_no_more_than_a_burst() -> None:
    pace = Pace(1000)
    assert sent_within(pace, 0.0) == 10
    assert pace.ready_in_s(1000.0) == 0.0
    for _ in range(10):
        pace.take(1000.0)
    assert pace.ready_in_s(1000.0) > 0.0


def test_without_a_limit_everything_goes() -> None:
    pace = Pace(math.inf)
    for _ in range(10_000):
        assert pace.ready_in_s(100.0) == 0.0
        pace.take(100.0)
