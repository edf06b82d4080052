"""What a bench says of itself while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.progress import STOPPED, Progress, duration, taken

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    """Goes when told."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_estimate_becomes_what_the_steps_took() -> None:
    clock = Clock()
    progress = Progress([10.0] * 4, clock)
    assert progress.left_s() == 40
    clock.now_s = 30
    progress.end()
    assert progress.left_s() == 90
    progress.skip(2)
    assert progress.left_s() == 30
    clock.now_s = 50
    progress.end()
    assert progress.left_s() == 0


def test_steps_that_take_longer_are_reckoned_with() -> None:
    clock = Clock()
    progress = Progress([5, 60, 5, 60], clock)
    assert progress.left_s() == 130
    clock.now_s = 10
    progress.end()
    assert progress.left_s() == 250, "the host is half as fast as was thought"


def test_it_says_what_it_does_how_long_and_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress([60.0] * 3)
    progress.plan("3 rounds of floor", tmp_path)
    progress.begin("round 1, floor")
    progress.end()
    assert progress.stopped(tmp_path) == STOPPED
    plan, begun, stopped = capsys.readouterr().err.splitlines()
    assert "3 rounds of floor: about 3 min" in plan
    assert str(tmp_path) in plan
    assert begun.startswith("[1/3] round 1, floor, ")
    assert stopped == f"stopped: 1 of 3 steps are done, in {tmp_path}"


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 s"), (99, "99 s"), (100, "2 min"), (3600, "60 min")])
def test_durations_are_short(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_figures_that_are_there_are_found(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert taken([one, other]) is None
    other.touch()
    assert taken([one, other]) == other
