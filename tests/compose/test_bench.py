"""The bench itself, on a short and light load: it must not rot between the times that somebody measures."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.rounds import read_rounds
from tests.support.containers import IMAGE, PROJECT, ROOT, SERVICES, run


def test_a_round_measures_the_floor_and_the_system_and_leaves_nothing(tmp_path: Path) -> None:
    k6 = Path(sys.executable).with_name("k6")
    if not k6.exists() and not shutil.which("k6"):
        pytest.fail("k6 is missing: `make test-compose` installs it")
    command = [sys.executable, "-m", "tests.bench", "--k6", str(k6), "--rounds", "1", "--users", "40"]
    done = subprocess.run(
        [*command, "--seconds", "12", "--warm-up", "2", "--subjects", "floor,queued", "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    floor, queued = read_rounds(tmp_path)

    assert floor.subject == "floor"
    assert floor.accepted == floor.sent > 0
    assert queued.accepted == queued.sent == sum(queued.settled.values()) > 0
    assert queued.differences == []
    assert queued.score is not None
    assert set(queued.usage) == set(SERVICES)
    assert all(each.cpu_ms > 0 for each in queued.usage.values())
    assert sum(each.count for each in queued.slices) == queued.sent
    label = f"label=com.docker.compose.project={PROJECT}"
    assert run("docker", "ps", "--all", "--quiet", "--filter", label) == ""
    assert run("docker", "ps", "--quiet", "--filter", f"ancestor={IMAGE}") == ""
