"""The processes of a variant, a worker and its APIs, and how to ask them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from tests.bench.cpu.client import UNIX
from tests.support.processes import START_TIMEOUT_S, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from tests.bench.cpu.variant import Variant
    from tests.support.processes import Process

WORKER = "worker"
POLL_S = 0.02


class Api(NamedTuple):
    """An API that runs.

    Args:
        address: where it listens: a URL, or ``unix:`` and a path.
        session: asks it, with the token that its lists need.
    """

    address: str
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        """What its session asks."""
        return "http://api" if self.address.startswith(UNIX) else self.address


class System(NamedTuple):
    """All processes by name, the worker first, and the APIs in the same order."""

    processes: Mapping[str, Process]
    apis: Sequence[Api]


@contextlib.asynccontextmanager
async def started(variant: Variant, urls: Mapping[str, str], directory: Path, apis: int) -> AsyncIterator[System]:
    """A variant's processes for the length of the context, ready when it begins.

    They are asked whether they are ready, since with some settings they log nothing.

    Args:
        variant: its settings.
        urls: of the processors.
        directory: for the bridge's socket and the journal.
        apis: how many APIs, if the variant doesn't say.

    Raises:
        SystemExit: a process ended, as it does over a setting that is wrong; with what it said.
    """
    async with contextlib.AsyncExitStack() as stack:
        environ = variant.environ(urls, directory)
        processes = {WORKER: stack.enter_context(running(WORKER, environ=environ))}
        found = []
        for number in range(1, variant.apis(apis) + 1):
            own, address = variant.api_environ(environ, number)
            processes[f"api-{number}"] = stack.enter_context(running("api", environ=own))
            connector = aiohttp.UnixConnector(address.removeprefix(UNIX)) if address.startswith(UNIX) else None
            session = aiohttp.ClientSession(connector=connector, headers=variant.token)
            found.append(Api(address, await stack.enter_async_context(session)))
        for each in found:
            await _until_ready(each, processes, variant.name)
        yield System(processes, found)


async def _until_ready(api: Api, processes: Mapping[str, Process], variant: str) -> None:
    async with asyncio.timeout(START_TIMEOUT_S):
        while True:
            for name, process in processes.items():
                if process.exit_code is not None:
                    process.wait()
                    raise SystemExit(f"{variant}: {name} ended: {process.errors.strip()}")
            with contextlib.suppress(OSError, aiohttp.ClientError):
                async with api.session.get(f"{api.url}/health/ready") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(POLL_S)
