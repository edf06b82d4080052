"""A terminal beside a running system that somebody breaks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import uuid
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.support.client import Answers, Setting, get, post, set_processor
from tests.support.levers import arm_faults
from tests.support.patience import PATIENCE_S
from tests.support.processes import Process, running, simulators, until_up
from tests.support.terminal import PAUSE_S, Step, type_until_said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

COLUMNS = 110


class Session:
    """A terminal, the system, and its processors.

    Args:
        process: ``rinha up``.
        environ: the terminal's environment.
        processors: their URLs by name.
        http: a client of all.
    """

    def __init__(
        self, process: Process, environ: Mapping[str, str], processors: Mapping[str, str], http: aiohttp.ClientSession
    ) -> None:
        self.process = process
        self.steps: list[Step] = []
        self._environ = environ
        self._processors = processors
        self._http = http
        self._answers = Answers()
        self._url = f"http://127.0.0.1:{environ['RINHA_PORT']}"

    async def type(self, command: str, *words: str) -> None:
        """Type a command, again and again until its output has the words; the last time is what is told."""
        self.steps.append(await self.shows(command, *words))

    async def shows(self, command: str, *words: str) -> Step:
        """The same of a command that isn't told."""
        return await type_until_said(command, *words, environ=self._environ)

    async def post(self, count: int = 1, *, amount: float = 19.9) -> list[str]:
        """Post new payments at once; the ids of those that are taken."""
        ids = [uuid.uuid4() for _ in range(count)]
        statuses = await asyncio.gather(*(post(self._http, self._url, self._answers, each, amount) for each in ids))
        return [str(each) for each, status in zip(ids, statuses, strict=True) if status == 202]

    async def set(self, **settings: Setting) -> None:
        """Make the named processors behave as told."""
        for name, setting in settings.items():
            await set_processor(self._http, self._processors[name], setting)

    async def set_both(self, setting: Setting) -> None:
        """Make both processors behave as told."""
        await self.set(**dict.fromkeys(self._processors, setting))

    async def arm_both(self, *faults: Mapping[str, Any]) -> None:
        """Arm faults at both processors; without any, clear all."""
        for url in self._processors.values():
            await arm_faults(url, *faults)

    async def until_settled(self, count: int) -> None:
        """Wait until the books have so many payments."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                summary = await get(self._http, f"{self._url}/payments-summary")
                if sum(each["totalRequests"] for each in summary.values()) >= count:
                    return
                await asyncio.sleep(PAUSE_S)

    def kill_worker(self) -> None:
        """``kill -9``."""
        os.kill(self.process.until_logged("worker.started")["pid"], signal.SIGKILL)


@contextlib.asynccontextmanager
async def running_session(directory: Path, port: int, settings: Sequence[tuple[str, str]]) -> AsyncIterator[Session]:
    """A system for the length of the context, which commands find as a person's commands do.

    Args:
        directory: where ``rinha up`` leaves word of itself.
        port: where it listens.
        settings: further ones of the system.
    """
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("RINHA_", "PROCESSOR_"))}
    terminal = {
        **clean,
        "XDG_RUNTIME_DIR": str(directory),
        "RINHA_HOST": "127.0.0.1",
        "RINHA_PORT": str(port),
        "COLUMNS": str(COLUMNS),
    }
    with simulators() as processors:
        urls = {f"PROCESSOR_{name.upper()}_URL": url for name, url in processors.items()}
        system = {**terminal, **urls, "RINHA_DRAIN_S": "1", **dict(settings)}
        with running("up", environ=system) as process:
            await asyncio.to_thread(until_up, process)
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(15)) as http:
                yield Session(process, terminal, processors, http)
