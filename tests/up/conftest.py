"""Stand-ins for the system's processes: small shell programs that write down what happens to them."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rinha.up.child import ChildSpec
from rinha.up.stages import Stage, Supervisor
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

ON_TERM = 'trap "{on_term}" TERM; echo $NAME started $$ >> $LOG; while :; do sleep 0.02; done'
SCRIPTS = {
    "obedient": ON_TERM.format(on_term="echo $NAME stopped >> $LOG; exit 0"),
    "slow": ON_TERM.format(on_term="sleep 0.2; echo $NAME stopped >> $LOG; exit 0"),
    "deaf": ON_TERM.format(on_term=""),
    "waiting": ON_TERM.format(on_term="echo $NAME stopped >> $LOG; exit 1"),
    "naive": "echo $NAME started $$ >> $LOG; exec sleep 60",
}
"""How a stand-in takes a SIGTERM."""


class Journal:
    """What the stand-ins wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def spec(self, name: str, script: str) -> ChildSpec:
        return ChildSpec(
            name, ("sh", "-c", SCRIPTS.get(script, script)), {**os.environ, "NAME": name, "LOG": str(self.path)}
        )

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def events(self) -> list[str]:
        return [" ".join(words[:2]) for words in self.lines()]

    def all_gone(self) -> bool:
        return all(gone(pid) for pid in self.pids())

    def pids(self) -> list[int]:
        return [int(words[2]) for words in self.lines() if words[1] == "started"]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def gone(pid: int) -> bool:
    """Whether a process has ended; an orphan may wait a while for whoever collects it."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except ProcessLookupError:
        return True
    except FileNotFoundError:  # not on Linux
        return False


class Run:
    """A supervisor at work, as a context that never leaves anything behind."""

    def __init__(self, *stages: Stage, stop_timeout_s: float = PATIENCE_S) -> None:
        self.announced = 0
        self.waiting: list[str] = []
        self.supervisor = Supervisor(
            stages, stop_timeout_s=stop_timeout_s, on_ready=self._announce, on_waiting=self.waiting.append
        )

    def _announce(self) -> None:
        self.announced += 1

    async def __aenter__(self) -> Run:
        self.task = asyncio.create_task(self.supervisor.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.supervisor.end(signal.SIGTERM)
        while not self.task.done():
            await asyncio.wait({self.task}, timeout=0.25)
            self.supervisor.end(signal.SIGTERM)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110  # the condition is another process's
                await asyncio.sleep(0.01)

    async def exit_code(self) -> int:
        return await asyncio.wait_for(asyncio.shield(self.task), PATIENCE_S)


@pytest.fixture
def supervise() -> type[Run]:
    return Run
