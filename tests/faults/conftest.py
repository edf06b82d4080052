"""Two simulated processors for all tests, and systems of real processes that use them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.support.lab import running_lab
from tests.support.levers import reset_processors
from tests.support.processes import simulators

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.support.lab import Lab


@pytest.fixture(scope="session")
def shared_processors() -> Iterator[dict[str, str]]:
    with simulators() as urls:
        yield urls


@pytest_asyncio.fixture
async def processors(shared_processors: dict[str, str]) -> AsyncIterator[dict[str, str]]:
    """Both processors' URLs by name; quick, sound and empty."""
    await reset_processors(shared_processors)
    yield shared_processors


@pytest.fixture
def run_lab(processors: dict[str, str], tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Lab]]:
    """Start a system, as ``async with run_lab(RINHA_ACCEPT="queued") as lab``."""
    return partial(running_lab, processors, tmp_path)


@pytest.fixture
def durable(tmp_path: Path) -> dict[str, str]:
    """The settings of a system that acknowledges what is on disk."""
    return {"RINHA_ACCEPT": "durable", "RINHA_STORE": f"sqlite:///{tmp_path / 'journal.db'}"}


@pytest.fixture(params=["received", "durable"])
def accept(request: pytest.FixtureRequest, durable: dict[str, str]) -> dict[str, str]:
    """The settings of both levels at which a 202 means that the worker has the payment."""
    return durable if request.param == "durable" else {"RINHA_ACCEPT": "received"}
