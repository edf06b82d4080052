"""Ids that clients send again after the worker has been restarted, while the APIs live on."""

from __future__ import annotations

import asyncio
import signal
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.support.client import Setting

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from tests.support.lab import Lab

    RunLab = Callable[..., AbstractAsyncContextManager[Lab]]

REPEATS = 20
SESSIONS = 2


async def post_each(lab: Lab, ids: list[uuid.UUID], api: int) -> set[int]:
    return set(await asyncio.gather(*(lab.load.post(api, each) for each in ids)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("accept", ["queued", "received"])
async def test_a_repeat_after_a_restart_settles_once_whichever_api_gets_it(
    run_lab: RunLab, accept: str, number: int
) -> None:
    same, other, new = ([uuid.uuid4() for _ in range(REPEATS)] for _ in range(3))
    async with run_lab(RINHA_ACCEPT=accept) as lab:
        assert await post_each(lab, same + other, 0) == {202}
        await lab.settle()
        # On a machine that is busy one of them may have gone to the other processor as well.
        before = await lab.rows()
        lab.worker.send(number)
        assert await asyncio.to_thread(lab.worker.wait) == (0 if number == signal.SIGTERM else -number)
        # Whoever doesn't know that they are settled would settle them at the other processor now.
        await lab.set(default=Setting(0, failing=True))
        await asyncio.to_thread(lab.start_worker)
        for api in lab.apis:
            await asyncio.to_thread(api.until_logged, "bridge.session_opened", SESSIONS)

        assert await post_each(lab, same, 0) == {202}
        assert await post_each(lab, other, 1) == {202}
        assert await post_each(lab, new, 1) == {202}
        await lab.settle()

        report = await lab.check(f"{REPEATS} repeats at each API after signal {number}, {accept}")
        assert report["rows"] == {**before, "fallback": before["fallback"] + REPEATS}
