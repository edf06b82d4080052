"""Starts again what has ended, as the engine does that runs the containers, and remembers how each one ended."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

from rinha.process import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.lab import Lab
    from tests.support.processes import Process

LOOK_S = 0.05
PAUSE_S = 0.3
"""From an end to the next start."""


class Keeper:
    """Keeps a worker and its APIs running.

    Args:
        lab: the system.
        worker: starts the worker anew, and blocks until it serves; raises ``AssertionError`` if it doesn't.
        grace_s: a process that was asked to end and hasn't is killed after so long.
    """

    def __init__(self, lab: Lab, worker: Callable[[], None], grace_s: float) -> None:
        self.ends: Counter[str] = Counter()
        """How processes ended, and how often, such as ``worker killed``, ``worker failed with 1``."""
        self.processes: list[Process] = [lab.worker, *lab.apis]
        """All that there were."""
        self._lab = lab
        self._start_worker = worker
        self._grace_s = grace_s
        self._asked: dict[Process, str] = {}

    def kill(self, process: Process) -> None:
        """Kill -9 a process."""
        self._asked[process] = "killed"
        process.send(signal.SIGKILL)

    async def drain(self, process: Process) -> None:
        """Ask a process to end, and wait for that."""
        self._asked[process] = "drained"
        process.send(signal.SIGTERM)
        deadline_s = time.monotonic() + self._grace_s
        while process.exit_code is None:
            if time.monotonic() > deadline_s:
                self._asked[process] = f"not drained within {self._grace_s:g} s"
                process.send(signal.SIGKILL)
            await asyncio.sleep(LOOK_S)

    async def keep(self) -> None:
        """Start again what ends, until cancelled."""
        await asyncio.gather(self._keep_worker(), *(self._keep_api(number) for number in range(len(self._lab.apis))))

    async def _keep_worker(self) -> None:
        while True:
            await self._until_ended(self._lab.worker, "worker")
            with contextlib.suppress(AssertionError):  # it has ended again, which is seen next, or takes its time
                await asyncio.to_thread(self._start_worker)
            if self._lab.worker not in self.processes:
                self.processes.append(self._lab.worker)

    async def _keep_api(self, number: int) -> None:
        while True:
            await self._until_ended(self._lab.apis[number], "api")
            with contextlib.suppress(AssertionError):
                await asyncio.to_thread(self._lab.replace_api, number)
            if self._lab.apis[number] not in self.processes:
                self.processes.append(self._lab.apis[number])

    async def _until_ended(self, process: Process, name: str) -> None:
        while True:
            code = process.exit_code
            if code is not None:
                break
            await asyncio.sleep(LOOK_S)
        how = self._asked.pop(process, None)
        if how is None and code == ExitCode.UNAVAILABLE:
            how = "found no store at its start"
        how = how or "failed"
        self.ends[f"{name} {how}" if code == -signal.SIGKILL else f"{name} {how} with {code}"] += 1
        await asyncio.sleep(PAUSE_S)
