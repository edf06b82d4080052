"""A system of several shards on real engines: NATS, PostgreSQL that syncs, simulated processors, `rinha up`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import aiohttp
import psutil

from actors.tracing import NotRecording
from rinha.commands.reconcile import Discrepancy, reconcile
from rinha.jetstream.gateway import JetStreamGateway
from rinha.net.nats_url import parse_nats_url
from tests.store.postgres_server import PostgresServer
from tests.support.client import Answers, get, their_rows
from tests.support.load import Load
from tests.support.nats import nats_cluster, nats_server
from tests.support.processes import Process, free_port, running, simulators, until_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from actors.values import LedgerRow
    from tests.support.nats import NatsCluster, NatsServer

SHARDS = 3
POOL = 32
DRAIN_S = 2


class Engines:
    """What runs already when the system starts."""

    def __init__(self, nats: NatsServer | NatsCluster, postgres: PostgresServer, processors: Mapping[str, str]) -> None:
        self.nats = nats
        self.postgres = postgres
        self.processors = processors


class ScaledSystem:
    """The system, and all that a test does to it.

    Args:
        engines: below it.
        environ: of its processes.
        session: an HTTP client.
    """

    def __init__(self, engines: Engines, environ: dict[str, str], session: aiohttp.ClientSession) -> None:
        self.engines = engines
        self.environ = environ
        self.url = f"http://127.0.0.1:{environ['RINHA_PORT']}"
        self.answers = Answers()
        self.load = Load(session, [self.url], self.answers)
        self.session = session
        self.up: Process
        self._stack = contextlib.ExitStack()

    def start(self) -> None:
        """Start it, and wait until it takes payments."""
        self.up = self._stack.enter_context(running("up", environ=self.environ))
        until_up(self.up)

    def start_spare(self, *prefix: str, **variables: str) -> Process:
        """Start one more worker and its relay, as on another machine, and wait until they stand by."""
        spare = self._stack.enter_context(running("shard", environ={**self.environ, **variables}, prefix=prefix))
        spare.until_logged("worker.standing_by")
        spare.until_logged("nats.connected")
        return spare

    def end(self) -> None:
        """End all of it."""
        self._stack.close()

    def process(self, name: str, of: Process | None = None) -> psutil.Process:
        """A process by its name, such as ``payment-relay-1``."""
        for each in psutil.Process((of or self.up).pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if name in each.cmdline() or each.environ().get("RINHA_API_NAME") == name:
                    return each
        raise AssertionError(f"no process {name}")

    def kill(self, *names: str) -> None:
        """Kill -9 some of `rinha up`'s children at the same time."""
        processes = [self.process(name) for name in names]
        for each in processes:
            each.kill()

    async def statistics(self) -> dict[str, Any]:
        """Of all shards."""
        document: dict[str, Any] = await get(self.session, f"{self.url}/statistics")
        return document

    async def until_empty(self, timeout_s: float = 30.0) -> float:
        """Wait until the stream holds nothing; returns how long that took, in seconds."""
        began_s = time.monotonic()
        async with asyncio.timeout(timeout_s):
            while True:
                with contextlib.suppress(OSError, aiohttp.ClientError, TimeoutError):
                    if (await self.statistics())["stream"]["messages"] == 0:
                        return time.monotonic() - began_s
                await asyncio.sleep(0.05)

    async def until_serving(self, timeout_s: float = 30.0) -> None:
        """Wait until all shards serve: APIs take payments before."""
        await self._until(lambda _: True, timeout_s)

    async def until_settled(self, timeout_s: float = 30.0) -> None:
        """Wait until all shards serve, and hold nothing."""
        await self._until(lambda worker: bool(worker["accepted"] == worker["settled"]), timeout_s)

    async def rows(self) -> list[LedgerRow]:
        """The books of all shards."""
        async with asked(self.environ) as gateway:
            return await gateway.rows()

    async def check(self, what: str, **figures: Any) -> dict[str, Any]:
        """Compare the books with the processors' and with what clients were told, and print one line of figures.

        Raises:
            AssertionError: they differ.
        """
        ours, theirs = await self.rows(), await their_rows(self.session, self.engines.processors)
        found: list[Discrepancy] = reconcile(
            ours, theirs, acknowledged=self.answers.acknowledged(), refused=self.answers.refused()
        )
        kinds = Counter(each.kind for each in found)
        report = {
            "what": what,
            "answers": self.answers.counts(),
            "settled": len(ours),
            **{kind: kinds[kind] for kind in ("lost", "doubled", "different", "unwanted")},
            **{name: round(value, 2) if isinstance(value, float) else value for name, value in figures.items()},
        }
        print(report)
        assert found == [], (report, found[:5])
        return report

    async def _until(self, holds: Callable[[dict[str, Any]], bool], timeout_s: float) -> None:
        """Wait until all shards serve, and something is true of what they count together."""
        document: dict[str, Any] = {}
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    with contextlib.suppress(OSError, aiohttp.ClientError, TimeoutError):
                        document = await self.statistics()
                        if document["worker"] is not None and holds(document["worker"]):
                            return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"not within {timeout_s} s: {document}") from None


@contextlib.asynccontextmanager
async def asked(environ: Mapping[str, str]) -> AsyncIterator[JetStreamGateway]:
    """Somebody who asks all shards, as a command does."""
    gateway = JetStreamGateway(
        parse_nats_url(environ["RINHA_NATS"]),
        shards=int(environ["RINHA_SHARDS"]),
        replicas=int(environ["RINHA_NATS_REPLICAS"]),
        name="checker",
        answer_timeout_s=10,
        recorder=NotRecording(),
    )
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.close(0)


@contextlib.contextmanager
def running_engines(
    directory: Path, *, host: str = "127.0.0.1", processors: str = "127.0.0.1", servers: int = 1
) -> Iterator[Engines]:
    """NATS, PostgreSQL and the processors for the length of the context.

    Args:
        directory: an empty one.
        host: the address of this machine where the first two listen.
        processors: that of the processors.
        servers: of NATS.
    """
    with contextlib.ExitStack() as stack:
        postgres = PostgresServer(port=free_port(), host=host, sync=True)
        stack.callback(postgres.close)
        postgres.start()
        nats: NatsServer | NatsCluster
        if servers == 1:
            nats = stack.enter_context(nats_server(directory, host=host))
        else:
            nats = stack.enter_context(nats_cluster(directory, servers))
        yield Engines(nats, postgres, stack.enter_context(simulators(processors)))


@contextlib.asynccontextmanager
async def running_scaled(
    directory: Path,
    *,
    before: Callable[[str], Awaitable[None]] | None = None,
    host: str = "127.0.0.1",
    processors: str = "127.0.0.1",
    servers: int = 1,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[ScaledSystem]:
    """Engines and system for the length of the context.

    Args:
        directory: an empty one.
        before: called with NATS's URL before the system starts.
        host: as in ``running_engines``.
        processors: likewise.
        servers: likewise.
        settings: other than the usual.
    """
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(15)
    ) as session:
        with running_engines(directory, host=host, processors=processors, servers=servers) as engines:
            environ = {
                "RINHA_HOST": "127.0.0.1",
                "RINHA_PORT": str(free_port()),
                "RINHA_NATS": engines.nats.url,
                "RINHA_NATS_REPLICAS": str(servers),
                "RINHA_SHARDS": str(SHARDS),
                "RINHA_STORE": f"postgresql://rinha@{host}:{engines.postgres.port}/postgres",
                "RINHA_POOL_SIZE": str(POOL),
                "RINHA_DRAIN_S": str(DRAIN_S),
                "RINHA_ANSWER_TIMEOUT_S": "5",
                "PROCESSOR_DEFAULT_URL": engines.processors["default"],
                "PROCESSOR_FALLBACK_URL": engines.processors["fallback"],
                **(settings or {}),
            }
            if before is not None:
                await before(engines.nats.url)
            system = ScaledSystem(engines, environ, session)
            try:
                await asyncio.to_thread(system.start)
                await system.until_serving()
                yield system
            finally:
                await asyncio.to_thread(system.end)
