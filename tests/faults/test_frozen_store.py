"""The journal's database stands still, or its files go away, under load."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.store.conftest import own_postgres, postgres_programs
from tests.support.client import Setting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.store.postgres_server import PostgresServer
    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

__all__ = ["own_postgres", "postgres_programs"]  # fixtures

FROZEN_S = 6.0
"""Longer than the worker takes to notice, and shorter than statements may last."""


@contextlib.asynccontextmanager
async def knocking(lab: Lab) -> AsyncIterator[None]:
    """Clients that wait for nobody: the others may all be waiting for an answer."""

    async def knock() -> None:
        async with asyncio.TaskGroup() as clients:
            while True:
                clients.create_task(lab.load.post(0))
                await asyncio.sleep(0.1)

    knocking = asyncio.create_task(knock())
    yield
    knocking.cancel()
    await asyncio.gather(knocking, return_exceptions=True)


@pytest.mark.parametrize("accept", ["durable", "received"])
async def test_a_database_that_stands_still_loses_and_doubles_nothing(
    run_lab: RunLab, own_postgres: PostgresServer, accept: str
) -> None:
    async with run_lab(RINHA_ACCEPT=accept, RINHA_STORE=own_postgres.url) as lab:
        async with lab.load.running(users=60, pause_s=0.02):
            await lab.load.until_answered(500)
            own_postgres.freeze()
            frozen_s = time.monotonic()
            try:
                async with knocking(lab):
                    await lab.load.until_answered(1, status=503)
                noticed_s = time.monotonic() - frozen_s
                await asyncio.sleep(FROZEN_S)
            finally:
                own_postgres.thaw()
            thawed_s = time.monotonic()
            await lab.load.until_answered(200)
            serving_after_s = time.monotonic() - thawed_s
        again = await lab.load.repeat_unanswered(0)
        await lab.settle()
        report = await lab.check(
            f"PostgreSQL stopped by SIGSTOP for {FROZEN_S:g} s and more, {accept}",
            again=again,
            first_503_after_s=round(noticed_s, 2),
            serving_after_s=round(serving_after_s, 2),
        )
        assert set(report["answers"]) <= {202, 503, 504}


async def test_a_worker_whose_database_stands_still_ends_when_it_is_asked_to(
    run_lab: RunLab, own_postgres: PostgresServer
) -> None:
    drain_s = 1
    async with run_lab(
        RINHA_ACCEPT="durable", RINHA_STORE=own_postgres.url, RINHA_DRAIN_S=str(drain_s), RINHA_ANSWER_TIMEOUT_S="1"
    ) as lab:
        async with lab.load.running(users=10, pause_s=0.02):
            await lab.load.until_answered(100)
            own_postgres.freeze()
            await asyncio.to_thread(lab.worker.until_logged, "journal.silent")
            asked_s = time.monotonic()
            lab.worker.send(signal.SIGTERM)
            code = await asyncio.to_thread(lab.worker.wait)
            ended_after_s = time.monotonic() - asked_s
        print(
            {"fault": "SIGTERM while PostgreSQL stands still", "ended_after_s": round(ended_after_s, 2), "code": code}
        )
        own_postgres.thaw()
        await asyncio.to_thread(lab.start_worker)
        again = await lab.load.repeat_unanswered(0)
        await lab.settle()
        await lab.check("SIGTERM while PostgreSQL stands still", again=again)


async def test_files_deleted_under_a_worker_are_noticed_and_it_serves_again_once_they_are_back(
    run_lab: RunLab, durable: dict[str, str], tmp_path: Path
) -> None:
    async with run_lab(**durable) as lab:
        await lab.set(default=Setting(5), fallback=Setting(5))
        async with lab.load.running(users=6, pause_s=0.02):
            await lab.load.until_answered(100)
            moved_s = time.monotonic()
            (tmp_path / "journal.db").rename(tmp_path / "away.db")
            await lab.load.until_answered(1, status=503)
            noticed_s = time.monotonic() - moved_s
            (tmp_path / "away.db").rename(tmp_path / "journal.db")
            await lab.load.until_answered(50)
        again = await lab.load.repeat_unanswered(0)
        await lab.settle()
        await lab.check("SQLite's file moved away", again=again, first_503_after_s=round(noticed_s, 2))
