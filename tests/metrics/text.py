"""Reads Prometheus's text format, as far as tests need it, and finds its programs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_UNPACKED = ROOT / ".venv" / "prometheus" / "usr" / "bin"
_SAMPLE = re.compile(r"^(?P<series>[a-z_]+(?:\{[^}]*\})?) (?P<value>\S+)$")


def samples(text: str) -> dict[str, float]:
    """Every sample's value, by its name with labels as written."""
    lines = [_SAMPLE.match(line) for line in text.splitlines() if not line.startswith("#")]
    assert all(lines), text
    return {line["series"]: float(line["value"]) for line in lines if line}


def names(text: str) -> set[str]:
    """The names of all samples."""
    return {series.partition("{")[0] for series in samples(text)}


def names_in(expressions: str) -> set[str]:
    """The names of our metrics in PromQL, or in a file with some of it."""
    return set(re.findall(r"\brinha_[a-z_]+", expressions))


def program(name: str) -> str | None:
    """Where ``prometheus`` or ``promtool`` is; None if it isn't here (``install-prometheus.sh``)."""
    return shutil.which(name) or shutil.which(name, path=str(_UNPACKED))


def promtool(*arguments: str, text: str | None = None) -> None:
    """Have promtool check something in ``config/``, or a text; skips the test where there is none."""
    command = program("promtool")
    if command is None:
        pytest.skip("promtool isn't here: tests/metrics/install-prometheus.sh")
    done = subprocess.run(
        [command, *arguments], cwd=ROOT / "config", input=text, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
