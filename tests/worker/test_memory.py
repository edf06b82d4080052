"""Memory that runs short is said in time, and nothing is taken once it has run out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rinha.worker.memory import Memory, MemoryWatch, read_memory

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 100 << 20


class Process:
    """One whose memory the test sets, as a share of its limit."""

    def __init__(self) -> None:
        self.share: float | None = 0.5
        self.full: list[bool] = []
        self.watch = MemoryWatch(self._read, self.full.append, lambda: 7)

    def _read(self) -> Memory | None:
        return None if self.share is None else Memory(int(self.share * LIMIT), LIMIT)

    def look(self, *shares: float | None) -> None:
        for self.share in shares:
            self.watch.look()


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.msg for each in caplog.records]


@pytest.fixture
def process(caplog: pytest.LogCaptureFixture) -> Process:
    caplog.set_level("INFO")
    return Process()


def test_it_is_said_once_at_80_and_once_at_95_percent(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    process.look(0.5, 0.79)
    assert events(caplog) == []
    process.look(0.8, 0.85, 0.94)
    assert events(caplog) == ["worker.memory_high"]
    assert process.full == []
    process.look(0.95, 0.97, 0.99)
    assert events(caplog) == ["worker.memory_high", "worker.memory_full"]
    assert process.full == [True]
    record = caplog.records[-1].__dict__
    assert (record["used_mb"], record["limit_mb"], record["payments"]) == (95, 100, 7)


def test_with_room_again_it_goes_on(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    process.look(0.96, 0.93, 0.96)
    assert process.full == [True], "a little room is none"
    process.look(0.6, 0.6)
    assert process.full == [True, False]
    process.look(0.81, 0.96)
    assert process.full == [True, False, True]
    assert events(caplog) == ["worker.memory_full", "worker.memory_free", "worker.memory_high", "worker.memory_full"]


def test_without_a_limit_nothing_is_said(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    process.look(None, None)
    assert events(caplog) == []


@pytest.mark.parametrize(
    ("folder", "files", "memory"),
    [
        (".", {"memory.max": "1000", "memory.current": "600", "memory.stat": "anon 1\ninactive_file 100"}, (500, 1000)),
        (".", {"memory.max": "max", "memory.current": "600", "memory.stat": ""}, None),
        (
            "memory",
            {
                "memory.limit_in_bytes": "1000",
                "memory.usage_in_bytes": "600",
                "memory.stat": "total_inactive_file 200",
            },
            (400, 1000),
        ),
        ("memory", {"memory.limit_in_bytes": "9223372036854771712", "memory.usage_in_bytes": "6"}, None),
        (".", {}, None),
        (".", {"memory.max": "1000"}, None),
    ],
)
def test_the_control_group_s_figures_are_read_in_both_versions(
    tmp_path: Path, folder: str, files: dict[str, str], memory: tuple[int, int] | None
) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    for name, text in files.items():
        (tmp_path / folder / name).write_text(text)
    assert read_memory(tmp_path) == memory
