"""Where the time of one payment goes, span by span: ``python -m tests.bench.budget --help``.

Runs a steady rate with some payments traced, and joins the trace lines of all processes by payment: they share the
host's clock. What clients wait for outside the API is told apart by the floor, whose balancer answers by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from tests.bench import k6
from tests.bench.books import empty
from tests.bench.subjects import PRESETS, Preset, contest, floor, processors
from tests.support.client import Setting, Stage, set_stage, until_settled
from tests.support.containers import PROCESSORS, URL, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.bench.subjects import ContainerSubject

END = " ended"
ANSWERED_FIRST = ("api.request", "bridge.out", f"api.request{END}")
ANSWERED_LAST = ("api.request", "bridge.out", "intake.taken", "bridge.back", f"api.request{END}")
SETTLING = ("intake.taken", f"backlog.wait{END}", "payment.attempt", f"payment.attempt{END}", "ledger.recorded")
PATHS = {"queued": (ANSWERED_FIRST, SETTLING), "received": (ANSWERED_LAST, SETTLING), "durable": (ANSWERED_LAST,)}
"""The hops before the answer, and those after: when each began, or when it ended."""


def spans(lines: Iterable[Mapping[str, Any]], path: tuple[str, ...]) -> dict[str, list[int]]:
    """How long payments took from hop to hop.

    Args:
        lines: trace lines of all processes, in any order.
        path: the hops, in the order in which a payment passes them. Payments without one of them are left out.

    Returns:
        By span, named by its two hops, the microseconds of each payment; the whole path comes last.
    """
    hops: dict[str, dict[str, int]] = defaultdict(dict)
    for line in lines:
        began_us = line["start_ns"] // 1000
        hops[line["correlationId"]].setdefault(line["hop"], began_us)
        hops[line["correlationId"]].setdefault(line["hop"] + END, began_us + line["took_ns"] // 1000)
    found: dict[str, list[int]] = {f"{a} → {b}": [] for a, b in (*pairwise(path), (path[0], path[-1]))}
    for at_us in hops.values():
        if set(path) <= set(at_us):
            for a, b in (*pairwise(path), (path[0], path[-1])):
                found[f"{a} → {b}"].append(at_us[b] - at_us[a])
    return found


async def load(subject: ContainerSubject, binary: str, rate: int, seconds: int) -> dict[str, float]:
    """Put a steady rate on a subject; returns what clients saw in the last two thirds, in milliseconds."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session:
        await set_stage(session, PROCESSORS, Stage(Setting(0), Setting(0)))
        await empty(session, subject)
        seen = await k6.run(binary, k6.SCRIPTS / "rate.js", slice_s=seconds // 3, RATE=rate, SECONDS=seconds, URL=URL)
        if subject.has_books:
            await until_settled(session, URL)
    return {"p50": median(each.p50 for each in seen.slices[1:]), "p99": max(each.p99 for each in seen.slices[1:])}


def measure(binary: str, rate: int, seconds: int, share: float) -> dict[str, Any]:
    """Measure the floor and each level of acceptance."""
    document: dict[str, Any] = {"rate": rate, "revision": run("git", "describe", "--always", "--dirty").strip()}
    subjects = {"floor": floor()}
    for name in PATHS:
        preset = PRESETS[name]
        traced = {**preset.environ, "RINHA_TRACE_SHARE": str(share)}
        subjects[name] = contest(name, Preset(traced, preset.overlays))
    for name, subject in subjects.items():
        try:
            subject.start()
            clients = asyncio.run(load(subject, binary, rate, seconds))
            lines = [each for each in subject.logs() if each["event"] == "trace"]
        finally:
            subject.stop()
        document[name] = {
            "clients_ms": clients,
            "spans_us": [table(spans(lines, path)) for path in PATHS.get(name, ())],
        }
        print(f"{name}: clients p50 {clients['p50']:.2f} ms, p99 {clients['p99']:.2f} ms")
        for figures in document[name]["spans_us"]:
            for span, each in figures.items():
                print(f"  {span:40} p50 {each['p50']:6.0f}  p95 {each['p95']:6.0f} µs, {each['payments']} payments")
    return document


def table(found: Mapping[str, list[int]]) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of each span in microseconds."""
    return {
        span: {"p50": median(each), "p95": quantiles(each, n=20)[-1], "payments": len(each)}
        for span, each in found.items()
        if len(each) > 1
    }


def main() -> int:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.budget", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--k6", default="k6", help="the k6 binary")
    parser.add_argument("--rate", type=int, default=300, help="payments a second")
    parser.add_argument("--seconds", type=int, default=15, help="a multiple of 3")
    parser.add_argument("--share", type=float, default=0.05, help="of payments that are traced")
    parser.add_argument("--out", type=Path, required=True, help="folder for budget.json")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with processors():
        document = measure(options.k6, options.rate, options.seconds, options.share)
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    Path(options.out, "budget.json").write_bytes(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
