"""The real actors, from many seeds, keep every promise whatever fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.__main__ import main
from tests.simulation.run import simulate

SEEDS, PART = 320, 40
ROOT = Path(__file__).parents[2]

DIGEST = """
from tests.simulation.trace import digest
from tests.simulation.run import simulate
print(digest([line for seed in range(12) for line in simulate(seed, trace=True).trace]))
"""


@pytest.mark.parametrize("first", range(0, SEEDS, PART))
def test_no_seed_breaks_a_promise(first: int) -> None:
    failed = {seed: lines for seed in range(first, first + PART) if (lines := simulate(seed).violations)}
    assert not failed, f"repeat: python -m tests.simulation --seed {min(failed)} --trace"


def test_a_seed_is_a_run_whatever_the_process() -> None:
    """Two processes with different hash seeds see the same things happen."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64


def test_tracing_changes_nothing() -> None:
    plain, traced = simulate(5), simulate(5, trace=True)
    assert traced._replace(trace=[]) == plain
    assert traced.trace


def test_the_command_tells_how_fast_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "3", "--jobs", "1", "--level", "steady"]) == 0
    assert "seeds/s; 0 failed" in capsys.readouterr().out


def test_the_command_shows_how_to_repeat_a_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.simulation.run.check", lambda outcome: ["lost: #1"])
    assert main(["--seeds", "1", "--first", "7", "--jobs", "1", "--level", "steady"]) == 1
    told = capsys.readouterr().out
    assert "worker starts 1" in told
    assert "seed 7 (steady): lost: #1" in told
    assert "python -m tests.simulation --seed 7 --level steady --trace" in told
