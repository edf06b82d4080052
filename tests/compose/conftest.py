"""Stacks of containers for tests; all need an engine, and are run by ``make test-compose`` alone."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.support.client import ADMIN, Setting, Stage, set_stage
from tests.support.containers import BUILD_TIMEOUT_S, PORT, PROCESSOR_PORTS, PROCESSORS, URL, Stack, taken_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractContextManager

    RunStack = Callable[..., AbstractContextManager[Stack]]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.compose)


@pytest.fixture(scope="session")
def image() -> None:
    """The image that all stacks use, built from the checkout as it is."""
    Stack().compose("build", timeout_s=BUILD_TIMEOUT_S)


@pytest.fixture(scope="session")
def run_stack(image: None) -> RunStack:
    """Run a stack for the length of a context; whatever happens, nothing of it is left."""

    @contextlib.contextmanager
    def run(stack: Stack, *ports: int, start: Callable[[Stack], object] = Stack.up) -> Iterator[Stack]:
        if port := taken_port(*ports):
            pytest.exit(f"port {port} is taken: stop what listens there (docker compose stop?), then try again", 2)
        try:
            start(stack)
            yield stack
        finally:
            stack.down()

    return run


@pytest.fixture(scope="module")
def module_stack(run_stack: RunStack) -> Iterator[Stack]:
    """``docker compose up``, as a user has it, for all tests of a module."""
    with run_stack(Stack(), PORT, *PROCESSOR_PORTS.values()) as stack:
        yield stack


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client with a connection of its own per request, if need be."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(20)) as client:
        yield client


@pytest.fixture
async def stack(module_stack: Stack, session: aiohttp.ClientSession) -> Stack:
    """The module's stack, healthy, with empty books on all sides and quick processors."""
    module_stack.up()
    await set_stage(session, PROCESSORS, Stage(Setting(0), Setting(0)))
    for url in (f"{URL}/purge-payments", *(f"{each}/admin/purge-payments" for each in PROCESSORS.values())):
        async with session.post(url, headers=ADMIN) as response:
            assert response.status == 200
    return module_stack
