"""A durable worker comes back with another journal than it had."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from tests.support.processes import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]


async def test_an_empty_journal_serves_nobody_who_knows_another_until_a_person_says_so(
    run_lab: RunLab, durable: dict[str, str], tmp_path: Path
) -> None:
    async with run_lab(**durable) as lab:
        assert lab.worker.logged("store.new_journal"), "a first start says that the journal is new"
        assert await lab.load.post(0) == 202
        await lab.settle()
        await asyncio.to_thread(lab.kill, lab.worker)
        for suffix in ("", ".lock", "-wal", "-shm"):
            (tmp_path / f"journal.db{suffix}").rename(tmp_path / f"kept.db{suffix}")

        await asyncio.to_thread(lab.start_worker)
        fault = (await asyncio.to_thread(lab.worker.until_logged, "worker.other_journal"))["reason"]
        for number, api in enumerate(lab.apis):
            await asyncio.to_thread(api.until_logged, "bridge.refused")
            assert await lab.load.post(number, uuid.uuid4()) == 503
        await asyncio.to_thread(lab.kill, lab.worker)

        variable, _, value = fault.rpartition(" ")[2].partition("=")
        await asyncio.to_thread(lab.start_worker, **{variable: value})
        for number, api in enumerate(lab.apis):
            await asyncio.to_thread(api.until_logged, "bridge.session_opened", 2)
            assert await lab.load.post(number) == 202
        assert lab.apis[0].logged("bridge.other_journal")
        await asyncio.to_thread(lab.kill, lab.worker)

        with running("worker", environ={**lab.environ, "RINHA_JOURNAL_ID": str(uuid.UUID(int=7))}) as refused:
            assert await asyncio.to_thread(refused.wait) == 2
            assert "RINHA_JOURNAL_ID names the journal 00000000-" in refused.logged("worker.start_failed")[0]["reason"]
