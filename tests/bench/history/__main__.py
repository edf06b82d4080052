"""What a long history costs a worker: ``python -m tests.bench.history``, or ``make bench-history``.

For each store and length of history it makes a journal of the version before sums, and has a worker bring it forward
(once). Then that is started anew, and measured: how long until it serves, its memory then and after a load, how long
summaries over windows of all kinds take, over HTTP and over the bridge alone, while payments arrive (over the bridge,
since APIs for a thousand a second and their clients would take the cores that are measured), and what becomes of the
oldest id when it comes again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import tempfile
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp

from actors.messages.people import GetSummary
from tests.bench.history.feeding import connected, feed
from tests.bench.history.fill import CENTS, PER_S, fill_postgres, fill_sqlite, payment_id
from tests.store.postgres_server import PostgresServer
from tests.support.client import until_settled
from tests.support.processes import running, simulators, system_environ, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from actors.values import Summary
    from rinha.bridge.client.client import BridgeClient
    from tests.support.processes import Process

MB = 1e6
PAYMENTS_MIN = 200_000
START_TIMEOUT_S = 900.0
"""Bringing a journal of ten million payments forward takes minutes."""


class Window(NamedTuple):
    """A kind of window of summaries."""

    name: str
    from_ms: int | None
    to_ms: int | None


def windows(first_ms: int, payments: int, chance: random.Random) -> list[Window]:
    """One of each kind: everything, the last minute, and two that cut through an old minute and an old second."""
    span_ms = payments * 1000 // PER_S
    now_ms = time.time_ns() // 1_000_000
    old_ms = first_ms + chance.randrange(span_ms // 2)
    return [
        Window("whole", None, None),
        Window("last minute", now_ms - 60_000, now_ms),
        Window("cuts two old seconds", old_ms, old_ms + chance.randrange(1, span_ms // 2)),
        Window("within an old second", old_ms, old_ms + 250),
    ]


@contextlib.contextmanager
def journal(kind: str, payments: int, first_ms: int) -> Iterator[tuple[str, Any]]:
    """A filled journal: its URL, and a function that tells its size in bytes."""
    with contextlib.ExitStack() as stack:
        if kind == "sqlite":
            path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "journal.db"
            fill_sqlite(path, payments, first_ms)
            yield f"sqlite:///{path}", lambda: sum(each.stat().st_size for each in path.parent.glob("journal.db*"))
        else:
            server = PostgresServer(sync=True)
            stack.callback(server.close)
            server.start()
            fill_postgres(server.url, payments, first_ms)

            def size() -> int:
                import psycopg

                with psycopg.connect(server.url) as connection:
                    row = connection.execute(
                        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
                        "WHERE relnamespace = 'rinha'::regnamespace AND relkind = 'r'"
                    ).fetchone()
                return int(row[0]) if row else 0

            yield server.url, size


async def ask(session: aiohttp.ClientSession, address: str, window: Window) -> tuple[float, Any]:
    """Ask for a summary; tells milliseconds and the answer."""
    instants = {"from": window.from_ms, "to": window.to_ms}
    params = {
        name: datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for name, at_ms in instants.items()
        if at_ms is not None
    }
    begun_s = time.monotonic()
    async with session.get(f"{address}/payments-summary", params=params) as response:
        found = await response.json()
        assert response.status == 200, found
    return (time.monotonic() - begun_s) * 1000, found


async def ask_worker(client: BridgeClient, window: Window) -> tuple[float, Any]:
    """The same without the API and HTTP: over the bridge, as an API asks."""
    begun_s = time.monotonic()
    found: Summary = await client.ask(GetSummary(window.from_ms, window.to_ms), timeout_s=30)
    took_ms = (time.monotonic() - begun_s) * 1000
    return took_ms, {name: {"totalRequests": each.requests} for name, each in found.items()}


async def post(session: aiohttp.ClientSession, address: str, payment: bytes, cents: int) -> int:
    """Post a payment; tells the status."""
    body = {"correlationId": str(uuid.UUID(bytes=payment)), "amount": cents / 100}
    async with session.post(f"{address}/payments", json=body) as response:
        return response.status


async def under_load(
    address: str, bridge: str, rate: float, seconds: float, first_ms: int, payments: int
) -> dict[str, list[float]]:
    """Feed the worker from a process of its own, and ask an API and the worker for summaries of each kind meanwhile.

    Returns:
        How long they took in ms, by kind and way.
    """
    took_ms: dict[str, list[float]] = {}
    chance = random.Random(payments)
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        feeding = loop.run_in_executor(pool, feed, bridge, rate, seconds)
        async with aiohttp.ClientSession() as session, connected(bridge) as client:
            ways = {"HTTP": partial(ask, session, address), "bridge": partial(ask_worker, client)}
            while not feeding.done():
                for (way, asked), window in product(ways.items(), windows(first_ms, payments, chance)):
                    ms, found = await asked(window)
                    took_ms.setdefault(f"{way}: {window.name}", []).append(ms)
                    check(window, found, first_ms, payments)
                    await asyncio.sleep(0.02)
        await feeding
    return took_ms


def check(window: Window, found: Mapping[str, Any], first_ms: int, payments: int) -> None:
    """Hold a summary of the old payments against what was filled in."""
    if not window.name.endswith(("seconds", "second")) or window.from_ms is None or window.to_ms is None:
        return
    first = -(-(window.from_ms - first_ms) * PER_S // 1000)
    end = min(payments, ((window.to_ms - first_ms) * PER_S) // 1000 + 1)
    end = max(end, first)
    got = sum(each["totalRequests"] for each in found.values())
    assert abs(got - (end - first)) <= 1, (window, found, end - first)


async def measure(kind: str, payments: int, rate: float, seconds: float) -> dict[str, float]:
    """Measure one store with one history."""
    first_ms = time.time_ns() // 1_000_000 // 60_000 * 60_000 - payments * 1000 // PER_S - 60_000
    figures: dict[str, float] = {}
    with contextlib.ExitStack() as stack:
        urls = stack.enter_context(simulators())
        store, size = stack.enter_context(journal(kind, payments, first_ms))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        figures["bytes before sums"] = size() / payments
        environ = system_environ(urls, directory, RINHA_STORE=store, RINHA_ACCEPT="durable", RINHA_PORT="0")
        for name in ("brought forward s", "serves after s"):
            begun_s = time.monotonic()
            with running("worker", environ=environ) as worker:
                until_started(worker)
                figures[name] = time.monotonic() - begun_s
        figures["bytes with sums"] = size() / payments
        worker = stack.enter_context(running("worker", environ=environ))
        until_started(worker)
        figures["MB at the start"] = worker.resident_bytes / MB
        api = stack.enter_context(running("api", environ=environ))
        address = api.until_logged("api.listening")["address"]
        api.until_logged("bridge.session_opened")
        bridge = environ["RINHA_BRIDGE"]
        for name, took_ms in (await under_load(address, bridge, rate, seconds, first_ms, payments)).items():
            took_ms.sort()
            figures[f"{name}, p50 ms"] = took_ms[len(took_ms) // 2]
            figures[f"{name}, p99 ms"] = took_ms[len(took_ms) * 99 // 100]
        async with aiohttp.ClientSession() as session:
            await until_settled(session, address)
            figures["oldest id again"] = await post(session, address, payment_id(0), CENTS)
            figures["with another amount"] = await post(session, address, payment_id(1), CENTS + 1)
            await until_settled(session, address)
            _, found = await ask(session, address, Window("old", first_ms, first_ms + 999))
            assert sum(each["totalRequests"] for each in found.values()) == PER_S, "not settled again"
        figures["MB after the load"] = worker.resident_bytes / MB
    return figures


def until_started(worker: Process) -> None:
    """Wait for as long as it takes."""
    until(lambda: worker.logged("worker.started") or worker.exit_code is not None, "the worker serves", START_TIMEOUT_S)
    assert worker.exit_code is None, worker.errors


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", default="sqlite,postgres")
    parser.add_argument("--payments", default="1000000,3000000,10000000", help=f"how many, from {PAYMENTS_MIN:,}")
    parser.add_argument("--rate", type=float, default=1000, help="payments per second while summaries are asked for")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    histories = [int(each) for each in options.payments.split(",")]
    if min(histories) < PAYMENTS_MIN:
        parser.error(f"--payments: at least {PAYMENTS_MIN:,}: in fewer there are no old minutes")
    found: dict[str, dict[str, float]] = {}
    for kind in options.stores.split(","):
        for payments in histories:
            title = f"{kind} {payments:,}"
            print(f"{title} …", flush=True)
            found[title] = asyncio.run(measure(kind, payments, options.rate, options.seconds))
            for name, figure in found[title].items():
                print(f"  {name:34}{figure:10,.2f}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
