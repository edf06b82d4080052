"""The figures as a JSON document, with where and of what they were measured."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.micro.figure import Figure


def document(figures: Sequence[Figure]) -> dict[str, Any]:
    """All that a reader needs to compare these figures with others."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "revision": _revision(),
        "host": {
            "cpus": os.cpu_count(),
            "model": _cpu_model(),
            "kernel": platform.release(),
            "python": platform.python_version(),
        },
        "figures": [each.as_json() for each in figures],
    }


def _revision() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
