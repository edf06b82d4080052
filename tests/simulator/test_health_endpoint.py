from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest

from rinha.simulator.state import Limits

if TYPE_CHECKING:
    from tests.simulator.conftest import Peer, Start

HEALTH = "/payments/service-health"


async def test_health_tells_the_levers(peer: Peer) -> None:
    await peer.admin("PUT", "configurations/delay", {"delay": 1234})
    await peer.admin("PUT", "configurations/failure", {"failure": True})
    before_ms = time.time() * 1000
    status, body = await peer.get(HEALTH)
    assert (status, json.loads(body)) == (200, {"failing": True, "minResponseTime": 1234})
    counters = await peer.counters()
    assert counters["health_by_outcome"] == {"answered": 1}
    assert before_ms - 1 <= counters["health_calls_ms"][0] <= time.time() * 1000 + 1


async def test_one_call_per_window_two_hang_and_the_fourth_gets_429(start: Start) -> None:
    peer = await start(limits=Limits(health_window_s=0.3))
    ended: list[tuple[int, float]] = []

    async def call() -> None:
        status, _ = await peer.get(HEALTH)
        ended.append((status, time.monotonic()))

    await call()
    await call()  # It ends just as a window begins, and uses it up.
    await asyncio.gather(*(call() for _ in range(3)))
    assert [status for status, _ in ended] == [200, 200, 429, 200, 200]
    window_begun_s = ended[1][1]
    assert [at_s - window_begun_s for _, at_s in ended[2:]] == pytest.approx([0, 0.3, 0.6], abs=0.1)


async def test_a_waiting_call_that_hangs_up_makes_room(start: Start) -> None:
    peer = await start(limits=Limits(health_window_s=60, health_queued=1))
    assert (await peer.get(HEALTH))[0] == 200
    with pytest.raises(TimeoutError):
        async with peer.session.get(HEALTH, timeout=aiohttp.ClientTimeout(0.05)):
            pass
    waiting = asyncio.create_task(peer.get(HEALTH))
    await peer.until(lambda counters: len(counters["health_calls_ms"]) == 3)
    assert not waiting.done()
    waiting.cancel()
