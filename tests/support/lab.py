"""A system of single processes that a test may break as it likes, and the checker of the invariants."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.support.client import Answers, Setting, check_books, get, set_processor, their_rows
from tests.support.levers import arm_faults
from tests.support.load import Load
from tests.support.processes import Process, running, system_environ

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping
    from pathlib import Path

STATES = ("settled", "waiting", "in_flight", "unknown", "parked", "written_off")
SAMPLE_S = 0.05


class Lab:
    """One worker, some APIs, each a process and each API on a port of its own, and two processors.

    Args:
        processors: the processors' URLs by name.
        directory: where the bridge's socket may be.
        session: an HTTP client.
        variables: settings other than the usual.
    """

    def __init__(
        self, processors: Mapping[str, str], directory: Path, session: aiohttp.ClientSession, **variables: str
    ) -> None:
        self.processors = dict(processors)
        # At its end a test that has broken something waits for nobody.
        self.environ = system_environ(processors, directory, **{"RINHA_DRAIN_S": "1", **variables})
        self.bridge = self.environ["RINHA_BRIDGE"]
        self.session = session
        self.answers = Answers()
        self.worker: Process
        self.apis: list[Process] = []
        self.urls: list[str] = []
        self.load: Load
        self.samples = 0
        self.unbalanced: list[dict[str, Any]] = []
        self._stack = contextlib.ExitStack()

    def start_worker(self, *arguments: str, module: str = "rinha", **environ: str) -> None:
        """Start a worker, and wait until it listens."""
        command = arguments or (("worker",) if module == "rinha" else ())
        self.worker = self._start(*command, module=module, environ={**self.environ, **environ})
        self.worker.until_logged("worker.started")

    def start_apis(self, count: int, **environ: str) -> None:
        """Start APIs on free ports, and wait until each has a session with the worker."""
        for number in range(1, count + 1):
            own = {"RINHA_PORT": "0", "RINHA_API_NAME": f"api-{number}", **environ}
            self.apis.append(self._start("api", environ={**self.environ, **own}))
        for api in self.apis:
            self.urls.append(api.until_logged("api.listening")["address"])
            api.until_logged("bridge.session_opened")

    def replace_api(self, number: int) -> None:
        """Start an API anew in the place, and on the port, of one that has ended."""
        port = self.urls[number].rpartition(":")[2]
        own = {"RINHA_PORT": port, "RINHA_API_NAME": f"api-{number + 1}"}
        self.apis[number] = self._start("api", environ={**self.environ, **own})
        self.apis[number].until_logged("bridge.session_opened")

    def end(self) -> None:
        """End all processes."""
        self._stack.close()

    def kill(self, process: Process) -> None:
        """Kill -9, and see it gone."""
        process.send(signal.SIGKILL)
        process.wait()

    async def set(self, **settings: Setting) -> None:
        """Make the named processors behave as told."""
        for name, setting in settings.items():
            await set_processor(self.session, self.processors[name], setting)

    async def arm(self, processor: str, *faults: Mapping[str, Any]) -> None:
        """Arm faults at a processor; without any, clear all."""
        await arm_faults(self.processors[processor], *faults)

    async def counters(self, processor: str) -> dict[str, Any]:
        """A processor's counters, which run on from test to test."""
        counters: dict[str, Any] = await get(self.session, f"{self.processors[processor]}/admin/counters")
        return counters

    async def rows(self) -> dict[str, int]:
        """How many payments each processor holds."""
        return {name: len(rows) for name, rows in (await their_rows(self.session, self.processors)).items()}

    async def until_rows(self, goal: int, *, processor: str | None = None, timeout_s: float = 10.0) -> None:
        """Wait until a processor, or both together, hold so many payments."""
        async with asyncio.timeout(timeout_s):
            while True:
                rows = await self.rows()
                if (sum(rows.values()) if processor is None else rows[processor]) >= goal:
                    return
                await asyncio.sleep(0.01)

    async def statistics(self) -> dict[str, Any] | None:
        """The worker's statistics by any API that answers; None if none does."""
        for url in self.urls:
            try:
                async with self.session.get(f"{url}/statistics", timeout=aiohttp.ClientTimeout(5)) as response:
                    if response.status == 200 and (worker := (await response.json())["worker"]) is not None:
                        return dict(worker)
            except (OSError, TimeoutError, aiohttp.ClientError):
                pass
        return None

    async def watch(self) -> None:
        """Hold the worker's counts against each other (invariant 3), until cancelled."""
        while True:
            counts = await self.statistics()
            if counts is not None:
                self.samples += 1
                if counts["accepted"] != sum(counts[state] for state in STATES):
                    self.unbalanced.append(counts)
            await asyncio.sleep(SAMPLE_S)

    async def until_statistics(self, condition: Callable[[dict[str, Any]], object], timeout_s: float) -> dict[str, Any]:
        """Wait until the statistics are as told, and return them."""
        counts: dict[str, Any] | None = None
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    counts = await self.statistics()
                    if counts is not None and condition(counts):
                        return counts
                    await asyncio.sleep(SAMPLE_S)
        except TimeoutError:
            raise AssertionError(f"not within {timeout_s} s; statistics: {counts}") from None

    async def settle(self, timeout_s: float = 20.0, *, parked: int = 0) -> dict[str, Any]:
        """Wait until the worker holds nothing but parked payments."""
        return await self.until_statistics(
            lambda counts: counts["accepted"] == counts["settled"] + parked and counts["parked"] == parked, timeout_s
        )

    async def check(
        self, fault: str, *, crashes: int = 0, parked: Collection[bytes] = (), **figures: Any
    ) -> dict[str, Any]:
        """Check all invariants once nothing waits any more, and print the figures.

        Args:
            fault: what was done to the system.
            crashes: how many crashes of actors are right.
            parked: ids that are parked, and settled nowhere.
            figures: to print with the others.

        Raises:
            AssertionError: one is broken.
        """
        found = await check_books(self.session, self.processors, self.bridge, self.answers)
        differences = [each for each in found if each.kind != "lost" or each.payment_id not in parked]
        counts = await self.statistics()
        assert counts is not None
        kinds = Counter(each.kind for each in differences)
        report = {
            "fault": fault,
            "answers": self.answers.counts(),
            "rows": await self.rows(),
            "lost": kinds["lost"],
            "doubled": kinds["doubled"],
            "differences": len(differences),
            "samples": self.samples,
            **figures,
        }
        print(report)
        assert differences == [], (report, differences[:5])
        assert self.samples > 0
        assert self.unbalanced == []
        assert counts["dead_letters"] == {}
        assert sum(counts["crashes"].values()) == crashes, counts["crashes"]
        return report

    def _start(self, *arguments: str, environ: Mapping[str, str], module: str = "rinha") -> Process:
        return self._stack.enter_context(running(*arguments, environ=environ, module=module))


@contextlib.asynccontextmanager
async def running_lab(
    processors: Mapping[str, str],
    directory: Path,
    *,
    apis: int = 2,
    module: str = "rinha",
    worker: Mapping[str, str] | None = None,
    api: Mapping[str, str] | None = None,
    **variables: str,
) -> AsyncIterator[Lab]:
    """A system for the length of the context, with invariant 3 watched all the time.

    Args:
        processors: the processors' URLs by name.
        directory: where the bridge's socket may be.
        apis: how many.
        module: what to run as the worker.
        worker: further variables of the worker.
        api: further variables of the APIs.
        variables: settings of all.
    """
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(15)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        lab = Lab(processors, directory, session, **variables)
        try:
            await asyncio.to_thread(lab.start_worker, module=module, **(worker or {}))
            await asyncio.to_thread(lab.start_apis, apis, **(api or {}))
            lab.load = Load(session, lab.urls, lab.answers)
            watch = asyncio.create_task(lab.watch())
            try:
                yield lab
            finally:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)
        finally:
            await asyncio.to_thread(lab.end)
