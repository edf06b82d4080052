"""Millions of payments in one run: ``python -m tests.bench.history.long_run``, or ``make bench-long``.

Payments go through the bridge into a durable worker, as fast as it gives credit; nothing is purged, and the worker is
killed and started again on the way. Its memory is taken down every few seconds. In the end its sums must be the
processors' own, payment by payment counted once. Leaves a plot beside the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from matplotlib.figure import Figure

from actors.messages.people import GetStatistics, GetSummary
from tests.bench.history.feeding import Feeder, connected
from tests.store.postgres_server import PostgresServer
from tests.support.client import get
from tests.support.processes import Process, running, simulators, system_environ

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actors.reports import Statistics, WorkerStatistics
    from actors.values import Summary
    from rinha.bridge.client.client import BridgeClient

BACKLOG_MAX = 5000
"""A full one of 100,000 would take 37 MB: what is looked at here is what stays of settled payments."""
SAMPLE_S = 5.0
END_S = 120.0


async def run(store: str, payments: int, kills: int, environ: Mapping[str, str], urls: Mapping[str, str]) -> Any:
    """Run; tells samples (seconds, taken, megabytes) and how it ended."""
    samples: list[tuple[float, int, float]] = []
    starts_s: list[float] = []
    async with contextlib.AsyncExitStack() as stack:
        worker = start(environ, stack)
        client = await stack.enter_async_context(connected(environ["RINHA_BRIDGE"]))
        feeder, begun_s, killed = Feeder(client, payments), time.monotonic(), 0
        feeding = asyncio.create_task(feeder.run())
        while not feeding.done():
            await asyncio.wait([feeding], timeout=SAMPLE_S)
            samples.append((time.monotonic() - begun_s, feeder.taken, worker.resident_bytes / 1e6))
            print(f"{samples[-1][0]:7.0f} s {feeder.taken:10,} taken {samples[-1][2]:7.1f} MB", flush=True)
            if killed < kills and feeder.taken >= payments * (killed + 1) // (kills + 1):
                killed += 1
                worker.send(signal.SIGKILL)
                worker.wait()
                started_s = time.monotonic()
                worker = start(environ, stack)
                starts_s.append(time.monotonic() - started_s)
                print(f"        killed; serves after {starts_s[-1]:.2f} s", flush=True)
        await feeding
        took_s = time.monotonic() - begun_s
        counts = await until_settled(client)
        ours: Summary = await client.ask(GetSummary(), timeout_s=30)
        samples.append((time.monotonic() - begun_s, feeder.taken, worker.resident_bytes / 1e6))
    async with aiohttp.ClientSession() as session:
        theirs = {name: await get(session, f"{url}/admin/payments-summary") for name, url in urls.items()}
    return {
        "store": store,
        "payments": payments,
        "per_s": payments / took_s,
        "kills": killed,
        "starts_s": starts_s,
        "settled": counts.settled,
        "ours": {name: each._asdict() for name, each in ours.items()},
        "theirs": theirs,
        "agree": all(
            (ours[name].requests, ours[name].amount_cents)
            == (theirs[name]["totalRequests"], round(theirs[name]["totalAmount"] * 100))
            for name in theirs
        )
        and sum(each.requests for each in ours.values()) == payments,
        "samples": samples,
    }


def start(environ: Mapping[str, str], stack: contextlib.AsyncExitStack) -> Process:
    """Start a worker, and wait until it serves."""
    worker = stack.enter_context(running("worker", environ=environ))
    worker.until_logged("worker.started")
    return worker


async def until_settled(client: BridgeClient) -> Statistics:
    """Wait until nothing is held."""
    async with asyncio.timeout(END_S):
        while True:
            statistics: WorkerStatistics = await client.ask(GetStatistics(), timeout_s=10)
            counts = statistics.counts
            if counts.settled == counts.accepted:
                return counts
            await asyncio.sleep(0.5)


def plot(found: Mapping[str, Any], path: Path) -> None:
    """Memory over payments."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([taken / 1e6 for _s, taken, _mb in found["samples"]], [mb for _s, _taken, mb in found["samples"]])
    axes.set(xlabel="million payments taken since the journal was made", ylabel="worker's memory, MB", ylim=(0, None))
    axes.set_title(f"{found['store']}: {found['payments']:,} payments, killed {found['kills']} times", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    figure.savefig(path)


def main() -> int:
    """Run the command; 1 if the books don't agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payments", type=int, default=5_000_000)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--memory-payments", type=int, default=500_000)
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--out", type=Path, required=True, help="a directory for figures and plot")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        urls = stack.enter_context(simulators())
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{directory / 'journal.db'}"
        if options.store == "postgres":
            server = PostgresServer(sync=True)
            stack.callback(server.close)
            server.start()
            url = server.url
        environ = system_environ(
            urls,
            directory,
            RINHA_STORE=url,
            RINHA_ACCEPT="durable",
            RINHA_SETTLE_PER_S="1000000",
            RINHA_MEMORY_PAYMENTS=str(options.memory_payments),
            RINHA_BACKLOG_MAX=str(BACKLOG_MAX),
            RINHA_DASHBOARD="off",
        )
        found = asyncio.run(run(options.store, options.payments, options.kills, environ, urls))
    (options.out / "long-run.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    plot(found, options.out / "long-run.svg")
    shown = {name: each for name, each in found.items() if name != "samples"}
    print(json.dumps(shown, indent=1))
    return 0 if found["agree"] else 1


if __name__ == "__main__":
    sys.exit(main())
