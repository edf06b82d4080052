"""Measure the contest's topology under the contest's load: ``python -m tests.compose.measure``.

Starts the overlay and simulated processors, lets k6 ramp up virtual users through the contest's stages, and prints per
container what it used of its limits, and what clients saw. The rule: below 80 % of the memory limit, and in the steady
phase (all but the first third) throttled in at most 1 % of the periods. Exits 1 if it is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from tests.support.client import CONTEST, get, play, their_rows, until_settled
from tests.support.containers import (
    CONTEST_ENV,
    CONTEST_FILES,
    PROCESSORS,
    SERVICES,
    URL,
    Stack,
    Usage,
    usage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCRIPT = "config/k6/contest.js"
MEMORY_SHARE_MAX = 0.8
THROTTLED_SHARE_MAX = 0.01


class Meter:
    """Watches the services' use of their limits.

    Args:
        containers: container ids by service.
    """

    def __init__(self, containers: dict[str, str]) -> None:
        self._containers = containers
        self.peaks = dict.fromkeys(containers, 0)

    def read(self) -> dict[str, Usage]:
        """What each has used up to now."""
        now = {name: usage(each) for name, each in self._containers.items()}
        for name, each in now.items():
            self.peaks[name] = max(self.peaks[name], each.memory)
        return now

    async def watch(self) -> None:
        """Follow the memory, until cancelled."""
        while True:
            await asyncio.to_thread(self.read)
            await asyncio.sleep(2)


@contextlib.contextmanager
def contest(overlays: Sequence[str]) -> Iterator[Stack]:
    """The contest's overlay beside its processors, for the length of the context.

    Args:
        overlays: more compose files, to try other limits or settings.
    """
    processors = Stack(["tests/compose/processors.yaml"], project="rinha-test-processors")
    services = Stack((*CONTEST_FILES, *overlays), env_file=CONTEST_ENV)
    try:
        services.compose("build", timeout_s=420)
        processors.up()
        services.up()
        yield services
    finally:
        services.down()
        processors.down()


async def load(k6: str, users: int, seconds: int) -> dict[str, Any]:
    """Let k6 ramp up its virtual users.

    Returns:
        Its metrics.
    """
    with tempfile.TemporaryDirectory() as directory:
        summary = Path(directory) / "summary.json"
        variables = {"USERS": users, "SECONDS": seconds, "SUMMARY": summary, "URL": URL}
        settings = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
        process = await asyncio.create_subprocess_exec(k6, "run", "--quiet", "--no-usage-report", *settings, SCRIPT)
        assert await process.wait() == 0, "k6 failed"
        metrics: dict[str, Any] = orjson.loads(summary.read_bytes())
        return metrics


async def measure(stack: Stack, k6: str, users: int, seconds: int) -> bool:
    """Run the load and print the figures.

    Returns:
        Whether the rule holds.
    """
    meter = Meter({service: stack.container(service) for service in SERVICES})
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(15)) as session:
        watching = asyncio.create_task(meter.watch())
        begin, started_s = meter.read(), time.monotonic()
        stages = asyncio.create_task(play(session, PROCESSORS, CONTEST, seconds / len(CONTEST)))
        loading = asyncio.create_task(load(k6, users, seconds))
        await asyncio.sleep(seconds / 3)
        steady = meter.read()
        await asyncio.sleep(seconds - (time.monotonic() - started_s))
        end = meter.read()
        lag = await get(session, f"{URL}/statistics")
        metrics = await loading
        await stages
        watching.cancel()
        await until_settled(session, URL)
        theirs = await their_rows(session, PROCESSORS)
        ours = await get(session, f"{URL}/payments-summary")

    accepted = int(metrics["accepted"]["values"]["count"])
    latency = metrics["http_req_duration"]["values"]
    settled = {name: len(rows) for name, rows in theirs.items()}
    print(f"accepted {accepted}, settled {settled}, in our books {ours}")
    print(f"lag when the load ended {lag['accepted'] - lag['settled']}, of {latency['count']:.0f} requests sent")
    print("latency ms " + ", ".join(f"{name} {latency[name]:.2f}" for name in ("p(50)", "p(95)", "p(99)", "max")))
    holds = True
    for service in SERVICES:
        cpu_ms = (end[service].cpu_ns - begin[service].cpu_ns) / 1e6 / max(1, accepted)
        periods = end[service].periods - steady[service].periods
        throttled = end[service].throttled - steady[service].throttled
        share = throttled / max(1, periods)
        early = steady[service].throttled - begin[service].throttled
        memory_share = meter.peaks[service] / end[service].memory_limit
        holds &= share <= THROTTLED_SHARE_MAX and memory_share < MEMORY_SHARE_MAX
        print(
            f"{service:15} CPU {cpu_ms:.3f} ms/payment, throttled {throttled}/{periods} = {share:.1%} "
            f"(before that {early}), memory {meter.peaks[service] / 1e6:.1f} MB = {memory_share:.0%} of its limit"
        )
    print("the limits suffice" if holds else "THE LIMITS DON'T SUFFICE")
    return holds


def main() -> int:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--k6", default="k6", help="the k6 binary")
    parser.add_argument("--users", type=int, default=550)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--overlay", action="append", default=[], help="one more compose file, to try other limits")
    options = parser.parse_args()
    with contest(options.overlay) as stack:
        return int(not asyncio.run(measure(stack, options.k6, options.users, options.seconds)))


if __name__ == "__main__":
    sys.exit(main())
