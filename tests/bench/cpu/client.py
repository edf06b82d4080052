"""A client with little to do of its own: payments at random instants, over kept-alive connections."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

UNIX = "unix:"


class Connection(asyncio.Protocol):
    """A kept-alive connection to an API, which carries one payment at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._sent_s = 0.0
        self.transport: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self.transport = transport

    def post(self, request: bytes) -> None:
        """Send a request."""
        self._sent_s = time.monotonic()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """An answer comes in one piece."""
        self._client.answered(self, int(data[9:12]), time.monotonic() - self._sent_s)


class Client:
    """Posts to one API over as many connections as it takes, the last one used first.

    Args:
        url: the API's, or ``unix:`` and a path.
    """

    def __init__(self, url: str) -> None:
        self._path = url.removeprefix(UNIX) if url.startswith(UNIX) else None
        self._url = urlsplit("http://api" if self._path else url)
        self._head = f"POST /payments HTTP/1.1\r\nHost: {self._url.netloc}\r\nContent-Type: application/json\r\n"
        self._idle: list[Connection] = []
        self._at_work = 0
        self._answered = asyncio.Event()
        self.statuses: Counter[int] = Counter()
        self.latencies_s: list[float] = []

    async def post(self) -> None:
        """Post a payment; doesn't wait for the answer."""
        body = f'{{"correlationId":"{uuid.uuid4()}","amount":19.9}}'
        if not self._idle:
            loop = asyncio.get_running_loop()
            new: Connection
            if self._path:
                _, new = await loop.create_unix_connection(lambda: Connection(self), self._path)
            else:
                _, new = await loop.create_connection(
                    lambda: Connection(self), self._url.hostname or "", self._url.port or 80
                )
            self._idle.append(new)
        self._at_work += 1
        self._idle.pop().post(f"{self._head}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def answered(self, connection: Connection, status: int, latency_s: float) -> None:
        """Take an answer."""
        self._at_work -= 1
        self._answered.set()
        self._idle.append(connection)
        self.statuses[status] += 1
        self.latencies_s.append(latency_s)

    async def close(self) -> None:
        """Wait for the last answers, and close."""
        async with asyncio.timeout(10):
            while self._at_work:
                self._answered.clear()
                await self._answered.wait()
        for each in self._idle:
            each.transport.close()


async def post_at_random(clients: Sequence[Client], per_s: float, duration_s: float) -> None:
    """Post to the clients in turn for so long, at instants that are the same in each run."""
    chance = random.Random(1)
    begun_s = due_s = time.monotonic()
    number = 0
    while (due_s := due_s + chance.expovariate(per_s)) < begun_s + duration_s:
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        await clients[number % len(clients)].post()
        number += 1
