"""What several shards do and cost: ``python -m tests.bench.scale``, or ``make bench-scale``.

NATS and PostgreSQL, both syncing to disk, simulated processors that answer in 5 ms, and `rinha up`'s processes, all on
this machine: what it says of a machine of each is in ``docs/scale.md``. Two parts, each with rounds in turns:

- throughput: messages of 50 payments are put into the stream as fast as it takes them, and settled; 1, 2 and 3 shards;
- answers: payments are posted at random instants; p50 and p99 of the 202, and CPU time by kind of process, with NATS,
  with NATS and a linger, and with one worker that keeps its journal in PostgreSQL or SQLite.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import aiohttp
import psutil

from actors.values import Payment
from rinha.jetstream.batch import encode_payments
from rinha.jetstream.connect import connect
from rinha.jetstream.names import shard_of, subject
from rinha.net.nats_url import parse_nats_url
from tests.bench.cpu.client import Client, post_at_random
from tests.scale.system import ScaledSystem, running_scaled
from tests.store.postgres_server import PostgresServer
from tests.support.client import Setting, Stage, set_stage, until_settled
from tests.support.processes import free_port, running, simulators, until_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

PER_MESSAGE = 50
DELAY_MS = 5
AT_ONCE = 4
KINDS = ("api", "worker", "relay", "nats", "postgres", "simulator")
WITH_NATS: dict[str, dict[str, str]] = {"NATS": {}, "NATS, linger 5 ms": {"RINHA_BRIDGE_LINGER_MS": "5"}}


class Round(NamedTuple):
    """What one round came to: figures by name, and CPU time in µs a payment by kind of process."""

    figures: dict[str, float]
    cpu_us: dict[str, float]


def kind_of(process: psutil.Process) -> str:
    """Which kind of process it is; empty for one that isn't counted."""
    words = process.cmdline()
    name = Path(words[0]).name if words else ""
    for engine in ("nats", "postgres"):
        if name.startswith(engine):
            return engine
    return next((each for each in KINDS if len(words) > 3 and words[3] == each), "")


def cpu_s() -> dict[str, float]:
    """CPU time in seconds by kind, of all processes below this one."""
    found: dict[str, float] = defaultdict(float)
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if kind := kind_of(each):
                times = each.cpu_times()
                found[kind] += times.user + times.system
    return found


@contextlib.contextmanager
def counting(payments: int) -> Iterator[dict[str, float]]:
    """CPU time a payment by kind, for the length of the context."""
    used: dict[str, float] = {}
    before = cpu_s()
    yield used
    after = cpu_s()
    used.update({kind: (after[kind] - before[kind]) * 1e6 / payments for kind in KINDS})


async def throughput(shards: int, payments: int) -> Round:
    """Settle so many payments that come in messages of ``PER_MESSAGE``."""
    with tempfile.TemporaryDirectory(prefix="rinha-bench-") as directory:
        settings = {"RINHA_SHARDS": str(shards), "RINHA_POOL_SIZE": "64"}
        async with running_scaled(Path(directory), settings=settings) as system:
            await slow_processors(system.session, system.engines.processors)
            messages = list(made(shards, payments))
            client = await connect(parse_nats_url(system.environ["RINHA_NATS"]), "bench")
            context, waiting = client.jetstream(), asyncio.Semaphore(AT_ONCE)

            async def put(shard: int, data: bytes) -> None:
                async with waiting:
                    await context.publish(subject(shard), data)

            with counting(payments) as cpu_us:
                began_s = time.monotonic()
                await asyncio.gather(*(put(*each) for each in messages))
                published_s = time.monotonic() - began_s
                await until_settled_all(system, payments)
                settled_s = time.monotonic() - began_s
            await client.close()
            await system.check(f"{shards} shards")
            return Round({"published/s": payments / published_s, "settled/s": payments / settled_s}, cpu_us)


def made(shards: int, payments: int) -> Iterator[tuple[int, bytes]]:
    """Messages for all shards, and what is in them."""
    batches: dict[int, list[Payment]] = defaultdict(list)
    for _ in range(payments):
        payment = Payment(uuid.uuid4().bytes, 1990)
        batch = batches[shard := shard_of(payment.payment_id, shards)]
        batch.append(payment)
        if len(batch) == PER_MESSAGE:
            yield shard, encode_payments(batches.pop(shard))
    yield from ((shard, encode_payments(batch)) for shard, batch in batches.items() if batch)


async def until_settled_all(system: ScaledSystem, payments: int) -> None:
    while True:
        worker = (await system.statistics())["worker"]
        if worker is not None and worker["settled"] >= payments:
            return
        await asyncio.sleep(0.05)


async def answers(how: str, per_s: float, seconds: float) -> Round:
    """Post payments, and measure the answers."""
    with tempfile.TemporaryDirectory(prefix="rinha-bench-") as directory:
        async with running_system(how, Path(directory)) as (session, url):
            client = Client(url)
            await post_at_random([client], per_s, 2.0)
            client.latencies_s.clear()
            client.statuses.clear()
            with counting(int(per_s * seconds)) as cpu_us:
                await post_at_random([client], per_s, seconds)
            await client.close()
            await until_settled(session, url)
            assert set(client.statuses) == {202}, client.statuses
            percentiles = statistics.quantiles(client.latencies_s, n=100)
            return Round({"p50 ms": percentiles[49] * 1000, "p99 ms": percentiles[98] * 1000}, cpu_us)


@contextlib.asynccontextmanager
async def running_system(how: str, directory: Path) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A system: three shards, or one worker with a journal."""
    if how in WITH_NATS:
        async with running_scaled(directory, settings=WITH_NATS[how]) as system:
            await slow_processors(system.session, system.engines.processors)
            yield system.session, system.url
        return
    with contextlib.ExitStack() as stack:
        store = f"sqlite:///{directory / 'journal.db'}"
        if how == "durable, PostgreSQL":
            server = PostgresServer(sync=True)
            stack.callback(server.close)
            server.start()
            store = server.url
        urls = stack.enter_context(simulators())
        environ = {
            "RINHA_HOST": "127.0.0.1",
            "RINHA_PORT": str(free_port()),
            "RINHA_ACCEPT": "durable",
            "RINHA_STORE": store,
            "XDG_RUNTIME_DIR": str(directory),
            **{f"PROCESSOR_{name.upper()}_URL": url for name, url in urls.items()},
        }
        up = stack.enter_context(running("up", environ=environ))
        await asyncio.to_thread(until_up, up)
        async with aiohttp.ClientSession() as session:
            await slow_processors(session, urls)
            yield session, f"http://127.0.0.1:{environ['RINHA_PORT']}"


async def slow_processors(session: aiohttp.ClientSession, urls: Mapping[str, str]) -> None:
    await set_stage(session, urls, Stage(Setting(DELAY_MS), Setting(DELAY_MS)))


def line(name: str, rounds: list[Round]) -> str:
    """A row of the table: medians."""

    def median(values: list[float]) -> str:
        return f"{statistics.median(values):,.{0 if statistics.median(values) >= 100 else 2}f}"

    figures = [f"{each}: {median([one.figures[each] for one in rounds])}" for each in rounds[0].figures]
    cpu = [f"{kind} {statistics.median([one.cpu_us[kind] for one in rounds]):.0f}" for kind in KINDS]
    return f"{name:<34} {', '.join(figures):<44} CPU µs a payment: {', '.join(cpu)}"


async def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="of each, in turns (default %(default)s)")
    parser.add_argument("--payments", type=int, default=20_000, help="to settle (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of posting (default %(default)s)")
    parser.add_argument("--rates", default="100,500,1500", help="payments a second (default %(default)s)")
    options = parser.parse_args()
    results: dict[str, list[Round]] = defaultdict(list)
    hows = ("durable, SQLite", "durable, PostgreSQL", *WITH_NATS)
    for number in range(options.rounds):
        for shards in (1, 2, 3):
            results[f"{shards} shards"].append(await throughput(shards, options.payments))
        for per_s in map(float, options.rates.split(",")):
            for how in hows:
                name = f"{per_s:g}/s, {how}"
                try:
                    results[name].append(await answers(how, per_s, options.seconds))
                except (AssertionError, TimeoutError) as error:
                    print(f"round {number + 1}, {name}: {error!r}", file=sys.stderr)
        print(f"round {number + 1} of {options.rounds} is over", file=sys.stderr)
    print(f"{os.cpu_count()} CPUs")
    for name, rounds in results.items():
        print(line(name, rounds))


if __name__ == "__main__":
    asyncio.run(main())
