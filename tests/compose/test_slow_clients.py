"""A thousand clients that send their requests drop by drop harm nobody, and are closed."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from typing import TYPE_CHECKING

from tests.support.client import Answers, post
from tests.support.containers import PORT, URL, Stack

if TYPE_CHECKING:
    import aiohttp

SLOW = 1000
CLOSED_WITHIN_S = 7.0
"""Five seconds by the configuration, and what a busy machine adds."""

NORMAL_USERS = 20
NORMAL_S = 6.0
BEGINNINGS = (
    b"POST /payments HTTP/1.1\r\nHost: slow\r\nX-Padding: ",
    b"POST /payments HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\nContent-Length: 70\r\n\r\n",
)


async def normal(session: aiohttp.ClientSession) -> list[float]:
    """Post payments as usual for a while.

    Returns:
        How long each took, in milliseconds, in order; all were acknowledged.
    """
    took_ms: list[float] = []
    ends_s = time.monotonic() + NORMAL_S

    async def user() -> None:
        while (now_s := time.monotonic()) < ends_s:
            assert await post(session, URL, Answers(), uuid.uuid4()) == 202
            took_ms.append((time.monotonic() - now_s) * 1000)
            await asyncio.sleep(0.1)

    await asyncio.gather(*(user() for _ in range(NORMAL_USERS)))
    return sorted(took_ms)


async def slow(number: int, opened: asyncio.Barrier) -> tuple[float, bytes]:
    """Begin a request, and go on with it by one byte a second.

    Returns:
        After how many seconds it was closed, and what was answered.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    await opened.wait()
    began_s = time.monotonic()
    writer.write(BEGINNINGS[number % len(BEGINNINGS)])

    async def drip() -> None:
        while True:
            await asyncio.sleep(1)
            writer.write(b"x")

    dripping = asyncio.create_task(drip())
    try:
        async with asyncio.timeout(4 * CLOSED_WITHIN_S):
            answer = b""
            with contextlib.suppress(ConnectionError):
                answer = await reader.read()
        return time.monotonic() - began_s, answer
    finally:
        dripping.cancel()
        writer.close()


def percentile(values: list[float], share: float) -> float:
    return values[int(len(values) * share)]


async def test_slow_clients_are_closed_without_hurting_others(stack: Stack, session: aiohttp.ClientSession) -> None:
    await normal(session)  # warm, so that both runs compare
    without = await normal(session)
    opened = asyncio.Barrier(SLOW + 1)
    clients = [asyncio.create_task(slow(number, opened)) for number in range(SLOW)]
    async with asyncio.timeout(30):
        await opened.wait()
    with_slow = await normal(session)
    closed = await asyncio.gather(*clients)

    for name, took_ms in (("without", without), ("with", with_slow)):
        p50, p99 = percentile(took_ms, 0.5), percentile(took_ms, 0.99)
        print(f"{name} {SLOW} slow clients: {len(took_ms)} requests, p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    print(f"slow clients closed after {min(s for s, _ in closed):.1f} to {max(s for s, _ in closed):.1f} s")
    # All were held through most of the run, none was turned away at the door.
    assert min(seconds for seconds, _ in closed) >= 3
    assert {answer for _, answer in closed} == {b""}
    assert with_slow
