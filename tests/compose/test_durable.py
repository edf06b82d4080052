"""The durable overlay: what is acknowledged survives the worker's death, and so do the books."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rinha.commands.reconcile import reconcile
from tests.support.client import Answers, their_rows, until_settled
from tests.support.containers import PORT, PROCESSOR_PORTS, PROCESSORS, URL, Stack
from tests.support.load import Load

if TYPE_CHECKING:
    import aiohttp

    from tests.compose.conftest import RunStack

FILES = ("compose.yaml", "config/compose.durable.yaml")


async def test_nothing_acknowledged_is_lost_with_the_worker(
    run_stack: RunStack, session: aiohttp.ClientSession
) -> None:
    stack = Stack(FILES, env_file="config/durable.env")
    with run_stack(stack, PORT, *PROCESSOR_PORTS.values()):
        answers = Answers()
        load = Load(session, [URL], answers)
        async with load.running(users=40, pause_s=0.2):
            for _ in range(2):
                await load.until_answered(100)
                await asyncio.to_thread(stack.compose, "kill", "payment-worker")
                await asyncio.to_thread(stack.compose, "start", "payment-worker")
            await load.until_answered(100)
        statistics = await until_settled(session, URL)

        print({"answers": answers.counts(), "settled": statistics["settled"]})
        assert statistics["settled"] >= len(answers.acknowledged()) >= 300
        theirs = await their_rows(session, PROCESSORS)
        assert reconcile(stack.rows(), theirs, acknowledged=answers.acknowledged(), refused=answers.refused()) == []
