"""The measurements themselves, with sizes so small that their figures mean nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.bench.micro import __main__ as command
from tests.bench.micro import bridge, ledger, runtime, trace
from tests.bench.micro.figure import Figure, table

if TYPE_CHECKING:
    from pathlib import Path


def test_every_subject_measures_each_figure_as_often_as_asked() -> None:
    figures = [
        *runtime.figures(runs=2, messages=2000, asks=10),
        *bridge.figures(runs=2, payments=5000),
        *ledger.figures(runs=2, payments=2000, seconds=0.05),
        *trace.figures(runs=2, hops=2000),
    ]
    assert len({each.name for each in figures}) == len(figures)
    for each in figures:
        assert len(each.runs) == 2, each.name
        # So few payments may fit in memory that was there already, and noise may be more than the meter's part.
        if each.unit != "MB" and "adds" not in each.name:
            assert min(each.runs) > 0, each.name


@pytest.mark.parametrize(
    ("runs", "more_is_better", "reached"),
    [([9, 10, 99], True, True), ([1, 9, 99], True, False), ([1, 10, 99], False, True), ([1, 11, 99], False, False)],
)
def test_the_median_decides_whether_a_goal_is_reached(runs: list[float], more_is_better: bool, reached: bool) -> None:
    assert Figure("x", "s", runs, goal=10, more_is_better=more_is_better).reached is reached


def test_the_document_says_what_was_measured_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tells = iter([3.0, 1.0, 2.0])

    def measure(runs: int) -> list[Figure]:
        return [Figure("tells", "tells/s", [next(tells)], goal=2, more_is_better=True), Figure("plain", "µs", [1.0])]

    monkeypatch.setattr(command, "SUBJECTS", {"runtime": measure})
    assert command.main(["--runs", "3", "--json", str(tmp_path / "new" / "micro.json")]) == 0
    written = json.loads((tmp_path / "new" / "micro.json").read_text())
    assert written.keys() == {"measured_at", "revision", "host", "figures"}
    assert written["host"].keys() == {"cpus", "model", "kernel", "python"}
    assert written["figures"][0] == {
        "name": "tells",
        "unit": "tells/s",
        "goal": 2,
        "reached": True,
        "median": 2.0,
        "min": 1.0,
        "max": 3.0,
        "runs": [3.0, 1.0, 2.0],
    }
    assert written["figures"][1]["goal"] is None
    figures = [
        Figure("tells", "tells/s", [3.0, 1.0, 2.0], goal=2, more_is_better=True),
        Figure("plain", "µs", [1.0] * 3),
    ]
    said = capsys.readouterr()
    assert said.out.rstrip() == table(figures)
    assert "[3/3] run 3, runtime" in said.err


def test_what_was_measured_is_kept_when_it_is_stopped_and_never_written_over_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = iter([1.0, 2.0])

    def measure(runs: int) -> list[Figure]:
        for value in values:
            return [Figure("plain", "µs", [value])]
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "SUBJECTS", {"runtime": measure})
    path = tmp_path / "micro.json"
    assert command.main(["--json", str(path)]) == 130
    assert json.loads(path.read_text())["figures"][0]["runs"] == [1.0, 2.0]
    assert "stopped: 2 of 5 steps are done" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        command.main(["--json", str(path)])
    assert "--replace" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [path]
