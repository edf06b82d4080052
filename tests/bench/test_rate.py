"""Steady rates: what a step means, the file of climbs, and the table of several sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.bench.progress import Progress
from tests.bench.rate.__main__ import Plan, climb, numbers
from tests.bench.rate.step import Climb, Step, append, read
from tests.bench.rate.table import table
from tests.bench.rounds import Host, Speed

if TYPE_CHECKING:
    from pathlib import Path


def step(rate: int = 100, **changes: Any) -> Step:
    fields: dict[str, Any] = {
        "rate": rate,
        "due": 1000,
        "sent": 1000,
        "accepted": 1000,
        "p50": 1.0,
        "p99": 9.9,
        "sent_p99": 5.0,
        "settled_s": 0.1,
        "cpu": {},
        "throttled": {},
        "differences": [],
    }
    return Step(**{**fields, **changes})


def made(subject: str, number: int, *steps: Step, loop_ms: float = 10.0) -> Climb:
    speed = Speed(loop_ms, 50, 100)
    host = Host(2, "some model", "6.1.0", 0.25)
    return Climb(subject, number, "2026-11-22T10:00:00Z", "v1", host, 0, [*steps], speed, speed)


@pytest.mark.parametrize(
    "changes",
    [{"accepted": 999}, {"p99": 10.0}, {"differences": ["lost: 1"]}, {"sent": 979, "accepted": 979}],
    ids=["one refused", "too slow", "one lost", "k6 could not keep up"],
)
def test_a_rate_is_served_only_if_all_is_well(changes: dict[str, Any]) -> None:
    assert step().served
    assert not step(**changes).served


def test_a_rate_counts_from_when_payments_were_due() -> None:
    assert not step(p99=700.0, sent_p99=3.0).served, "a stall that the few requests under way in it would not show"


@pytest.mark.parametrize(("failing", "done"), [((), 4), ((250, 500), 2), ((250, 750), 4), ((500, 750), 3)])
async def test_two_steps_running_that_fail_end_a_climb(
    monkeypatch: pytest.MonkeyPatch, failing: tuple[int, ...], done: int
) -> None:
    async def run_step(_session: object, _subject: object, _k6: str, rate: int, _seconds: int) -> Step:
        return step(rate, p99=50.0 if rate in failing else 2.0)

    async def nothing(*_: object) -> None:
        pass

    monkeypatch.setattr("tests.bench.rate.__main__.run_step", run_step)
    monkeypatch.setattr("tests.bench.rate.__main__.warm_up", nothing)
    steps: list[Step] = []
    progress = Progress([1.0] * 4)

    class Subject:
        name = "queued"

    await climb(Subject(), Plan("k6", (250, 500, 750, 1000), 3, 0), steps, progress)  # type: ignore[arg-type]
    assert len(steps) == done
    assert progress.left_s() == 0, "what isn't run is no longer waited for"


def test_climbs_are_read_as_they_were_kept(tmp_path: Path) -> None:
    climbs = [made("floor", 1, step()), made("queued", 1, step(250), step(500))]
    for each in climbs:
        append(tmp_path / "new", each)
    assert read(tmp_path / "new") == climbs


def test_the_table_has_medians_and_ratios_within_a_set() -> None:
    climbs = [
        *(made("floor", number, step(250, p99=p99)) for number, p99 in ((1, 1.0), (2, 10.0), (3, 2.0))),
        *(made("queued", number, step(250, p99=p99)) for number, p99 in ((1, 3.0), (2, 20.0), (3, 2.0))),
        made("queued", 4, step(500, p99=8.0)),
    ]
    _, floor, queued, other = (line.split() for line in table(climbs).splitlines())
    assert floor == ["250", "floor", "3", "1.00", "2.00", "1.00", "5.00", "2/3"]
    assert queued == ["250", "queued", "3", "1.00", "3.00", "2.00", "5.00", "2/3"]
    assert other == ["500", "queued", "1", "1.00", "8.00", "-", "5.00", "1/1"]


def test_a_set_on_a_host_that_changed_is_named() -> None:
    steady, changed = made("floor", 1, step()), made("queued", 2, step())
    lines = table([steady, made("queued", 1, step(), loop_ms=12.0), made("floor", 2, step(), loop_ms=12.1), changed])
    assert lines.splitlines()[-1].startswith("set 2: the host's speed changed by 21%")
    assert "set 1" not in lines


def test_rates_are_numbers_above_0() -> None:
    assert numbers("250,500") == [250, 500]
    for wrong in ("", "0", "250,", "fast"):
        with pytest.raises(ValueError, match=r"."):
            numbers(wrong)
