"""Payments straight over the bridge: what a worker is given, without the cost of the APIs that would pass it on."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING

from actors.tracing import NotRecording
from actors.values import Payment, Verdict
from rinha.bridge.client.client import BridgeClient
from rinha.bridge.errors import BridgeError
from rinha.net.address import parse_address
from rinha.net.secret import FixedSecret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CENTS = 1990
AT_ONCE = 1500
"""Payments without a verdict at a time."""
LATE_S = 0.002
"""A feeder that keeps a rate sends together what has become due in so long."""


class Feeder:
    """Sends payments, each until it is taken.

    Args:
        client: the way to the worker.
        payments: how many.
    """

    def __init__(self, client: BridgeClient, payments: int) -> None:
        self.taken = 0
        self._client = client
        self._payments = payments
        self._next = 0
        self._again: list[int] = []
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def run(self, rate: float | None = None) -> None:
        """Send all.

        Args:
            rate: how many a second; None for as fast as the worker gives credit.
        """
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        while self.taken < self._payments:
            if rate is not None and self._next > (loop.time() - begun_s) * rate:
                await asyncio.sleep(LATE_S)
                continue
            await self._at_once.acquire()
            if not self._again and self._next == self._payments:
                self._at_once.release()
                await asyncio.sleep(0.05)
                continue
            number = self._again.pop() if self._again else self._next
            try:
                verdict = self._client.begin(Payment(number.to_bytes(16), CENTS))
            except BridgeError:  # no credit now
                self._at_once.release()
                if number != self._next:
                    self._again.append(number)
                await asyncio.sleep(LATE_S)
                continue
            self._next = max(self._next, number + 1)
            verdict.add_done_callback(partial(self._decided, number))

    def _decided(self, number: int, verdict: asyncio.Future[Verdict]) -> None:
        self._at_once.release()
        if verdict.exception() is None and verdict.result() is Verdict.TAKEN:
            self.taken += 1
        else:
            self._again.append(number)  # the same id: it counts once, whatever became of the first


@contextlib.asynccontextmanager
async def connected(bridge: str) -> AsyncIterator[BridgeClient]:
    """A client of the worker at a bridge's address, which has credit."""
    client = BridgeClient(
        parse_address(bridge), FixedSecret(), name="feeder", answer_timeout_s=30, recorder=NotRecording()
    )
    try:
        await client.start()
        assert await client.wait_ready(30)
        yield client
    finally:
        await client.close(0)


def feed(bridge: str, rate: float, seconds: float) -> None:
    """Feed a worker for so long, and return once it has taken all. To be run in a process of its own.

    Args:
        bridge: its address.
        rate: payments a second.
        seconds: how long.
    """

    async def run() -> None:
        async with connected(bridge) as client:
            await Feeder(client, round(rate * seconds)).run(rate)

    asyncio.run(run())
