"""A soak of one round finds nothing wrong, and says what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tests.soak.__main__ import main
from tests.soak.plan import ROUND_S
from tests.soak.report import Report

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SEED = 258
"""Of a round in which the worker is killed while the disk is full."""


def test_books_agree_after_two_faults_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    seconds = str(ROUND_S + 0.5)
    code = main(["--store", "sqlite", "--seed", str(SEED), "--seconds", seconds, "--rate", "50", "--json", str(path)])
    told = capsys.readouterr().out
    assert code == 0, told
    assert f"--seed {SEED}" in told
    (report,) = msgspec.json.decode(path.read_bytes(), type=list[Report])
    assert report.strikes.keys() == {"worker killed", "store full"}
    assert report.ends["worker killed"] == 1
    assert report.answers[202] == report.sent > 100
    assert sum(report.rows.values()) == report.sent
