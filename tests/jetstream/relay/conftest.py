"""A stream, a worker whose intake does as the test says, and a relay between them, which is a process."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import pytest
from nats.errors import NoRespondersError

from rinha.bridge.protocol.wire.own_questions import GetFeed
from rinha.bridge.protocol.wire.processes import Feed
from rinha.jetstream.connect import connect
from rinha.jetstream.names import ask_subject
from rinha.jetstream.stream import open_stream
from rinha.net.address import UnixAddress
from rinha.net.nats_url import parse_nats_url
from tests.bridge.worker_thread import Worker
from tests.support.patience import PATIENCE_S
from tests.support.processes import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from nats.aio.client import Client

    from rinha.jetstream.stream import OpenStream
    from tests.support.nats import NatsServer
    from tests.support.processes import Process

SHARDS = 2
JOURNAL = bytes(range(16))


async def until(condition: Callable[[], Any]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until_s
        await asyncio.sleep(0.01)


async def until_questions_come(client: Client, shard: int = 0) -> None:
    """Wait until the relay hears questions: what it has subscribed to may be on its way to the server still."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(NoRespondersError):
                await client.request(ask_subject(shard), b"", timeout=PATIENCE_S)
                return
            await asyncio.sleep(0.01)


class Questions:
    """What the worker answers."""

    def __init__(self) -> None:
        self.feed = Feed(0, SHARDS, JOURNAL)
        self.answer: Callable[[object], object] = lambda question: 7

    def __call__(self, question: object) -> object:
        return self.feed if isinstance(question, GetFeed) else self.answer(question)


@pytest.fixture
def questions() -> Questions:
    return Questions()


@pytest.fixture
def worker(tmp_path: Path, questions: Questions) -> Iterator[Worker]:
    address = UnixAddress(str(tmp_path / "bridge"))
    worker = Worker(address, secret=b"", incarnation=1, epoch=0, credit=2000, answer=questions)
    yield worker
    worker.stop()


@pytest.fixture
async def client(server: NatsServer) -> AsyncIterator[Client]:
    client = await connect(parse_nats_url(server.url), "test")
    yield client
    await client.close()


@pytest.fixture
async def stream(client: Client) -> OpenStream:
    return await open_stream(client, shards=SHARDS)


@pytest.fixture
def environ(server: NatsServer, tmp_path: Path) -> dict[str, str]:
    return {
        "RINHA_NATS": server.url,
        "RINHA_SHARDS": str(SHARDS),
        "RINHA_STORE": "postgresql://nobody@127.0.0.1/none",
        "RINHA_BRIDGE": f"unix:{tmp_path / 'bridge'}",
        "RINHA_LOG_LEVEL": "debug",
    }


@pytest.fixture
def relay(environ: dict[str, str], stream: OpenStream) -> Iterator[Process]:
    with running("relay", environ=environ) as relay:
        yield relay
