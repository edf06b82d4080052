from __future__ import annotations

import asyncio

import pytest

from rinha.simulator.limiter import ConcurrencyLimiter, FixedWindowLimiter


async def turn() -> None:
    """Let every task that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_places_beyond_the_limit_wait_in_order_and_the_rest_is_refused() -> None:
    limiter = ConcurrencyLimiter(2, 2)
    assert await limiter.enter()
    assert await limiter.enter()
    order: list[str] = []

    async def wait(name: str) -> None:
        assert await limiter.enter()
        order.append(name)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(wait("third"))
        tasks.create_task(wait("fourth"))
        await turn()
        assert (limiter.at_work, limiter.queued) == (2, 2)
        assert not await limiter.enter()
        limiter.leave()
        await turn()
        assert order == ["third"]
        limiter.leave()
    assert order == ["third", "fourth"]
    assert limiter.at_work == 2
    limiter.leave()
    limiter.leave()
    assert limiter.at_work == 0
    assert limiter.at_work_peak == 2


@pytest.mark.parametrize("handed_over", [False, True])
async def test_one_who_is_cancelled_while_waiting_leaves_no_place_taken(handed_over: bool) -> None:
    limiter = ConcurrencyLimiter(1, 1)
    assert await limiter.enter()
    waiting = asyncio.create_task(limiter.enter())
    await turn()
    if handed_over:
        limiter.leave()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    if not handed_over:
        limiter.leave()
    assert (limiter.at_work, limiter.queued) == (0, 0)


async def test_a_window_gives_one_call_and_starts_anew_without_callers() -> None:
    now_s = 100.0
    limiter = FixedWindowLimiter(5.0, 0, lambda: now_s)
    now_s = 104.9
    assert await limiter.acquire(lambda: True)
    assert not await limiter.acquire(lambda: True)
    now_s = 105.0
    assert await limiter.acquire(lambda: True)
    now_s = 109.9
    assert not await limiter.acquire(lambda: True)
    now_s = 200.0
    assert await limiter.acquire(lambda: True)


async def test_waiting_calls_get_one_window_each_in_order() -> None:
    loop = asyncio.get_running_loop()
    limiter = FixedWindowLimiter(0.1, 2)
    assert await limiter.acquire(lambda: True)
    ended: list[tuple[str, float]] = []

    async def call(name: str) -> None:
        assert await limiter.acquire(lambda: True)
        ended.append((name, loop.time()))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(call("second"))
        tasks.create_task(call("third"))
        await turn()
        assert not await limiter.acquire(lambda: True)
    assert [name for name, _ in ended] == ["second", "third"]
    assert ended[1][1] - ended[0][1] == pytest.approx(0.1, abs=0.05)


async def test_a_waiting_call_that_hung_up_holds_no_place_and_uses_no_window() -> None:
    limiter = FixedWindowLimiter(0.2, 1)
    assert await limiter.acquire(lambda: True)
    wanted = True
    gone = asyncio.create_task(limiter.acquire(lambda: wanted))
    await turn()
    wanted = False
    assert await asyncio.wait_for(limiter.acquire(lambda: True), 1)
    assert not gone.done()
    gone.cancel()
