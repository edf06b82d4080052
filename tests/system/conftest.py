"""A whole system of real processes for a test, on free ports."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

import aiohttp
import pytest

from tests.support.processes import Process, running, simulators, system_environ, until_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path


class System(NamedTuple):
    """A system that runs, its processors, and a client of both."""

    process: Process
    url: str
    processors: dict[str, str]
    bridge: str
    session: aiohttp.ClientSession


@pytest.fixture
def run_system(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[System]]:
    """Start a system with the given variables, as ``async with run_system(RINHA_ACCEPT="queued") as system``."""

    @contextlib.asynccontextmanager
    async def run(**variables: str) -> AsyncIterator[System]:
        with simulators() as processors:
            environ = system_environ(processors, tmp_path, **variables)
            with running("up", environ=environ) as process:
                until_up(process)
                async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(15)) as session:
                    url = f"http://127.0.0.1:{environ['RINHA_PORT']}"
                    yield System(process, url, processors, environ["RINHA_BRIDGE"], session)

    return run
