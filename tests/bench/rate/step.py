"""The highest steady rate that is served quickly and without loss: ``python -m tests.bench.rate --help``.

Goes up in steps at one subject until one fails: p99 too high, a payment refused, or one not settled soon. The first
third of a step, in which k6 opens its connections, counts for the books but not for the latency.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import msgspec

from tests.bench import k6
from tests.bench.contest import check, describe_host, empty
from tests.bench.meter import Meter
from tests.bench.rounds import Host  # noqa: TC001 (msgspec reads it)
from tests.bench.subjects import PRESETS, Preset, contest, processors
from tests.support.client import Setting, Stage, set_stage
from tests.support.containers import PROCESSORS, URL, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.subjects import Subject

P99_MAX_MS = 10.0
SENT_SHARE_MIN = 0.98
STEPS = (500, 750, 1000, 1250, 1500, 1750, 2000, 2500, 3000)
UNLIMITED = ["tests/bench/unlimited.yaml"]
SUBJECTS = {
    "queued": PRESETS["queued"],
    "unlimited": Preset(overlays=UNLIMITED),
    "unpaced": Preset({"RINHA_SETTLE_PER_S": "10000"}, UNLIMITED),
}


class Step(msgspec.Struct, frozen=True):
    """One rate.

    Args:
        rate: payments a second that were to be sent.
        due: how many that makes.
        sent: how many were sent; fewer if k6 could not keep up.
        accepted: how many were answered with 2xx.
        p50: of the last two thirds, in milliseconds, the worse of both.
        p99: likewise.
        settled_s: how long after the load the last one was settled and the books compared.
        cpu: by service, CPUs in use.
        throttled: by service, periods in which it was held back.
        differences: what is wrong with the books.
    """

    rate: int
    due: int
    sent: int
    accepted: int
    p50: float
    p99: float
    settled_s: float
    cpu: dict[str, float]
    throttled: dict[str, int]
    differences: list[str]

    @property
    def served(self) -> bool:
        """Whether it went well."""
        complete = self.accepted == self.sent >= SENT_SHARE_MIN * self.due and not self.differences
        return complete and self.p99 < P99_MAX_MS


class Climb(msgspec.Struct, frozen=True):
    """All steps at one subject, and the highest rate that was served; 0 if none was."""

    subject: str
    measured_at: str
    revision: str
    host: Host
    highest: int
    steps: list[Step]


async def run_step(subject: Subject, binary: str, rate: int, seconds: int) -> Step:
    """Run one step at a subject that has started."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session:
        await set_stage(session, PROCESSORS, Stage(Setting(0), Setting(0)))
        await empty(session, subject)
        meter = Meter(subject.read)
        load = await k6.run(binary, "rate.js", slice_s=seconds // 3, RATE=rate, SECONDS=seconds, URL=URL)
        meter.end()
        began_s = time.monotonic()
        differences = await check(session, subject, load)
    usage = meter.usage()
    return Step(
        rate=rate,
        due=rate * seconds,
        sent=load.sent,
        accepted=load.accepted,
        p50=max(each.p50 for each in load.slices[1:]),
        p99=max(each.p99 for each in load.slices[1:]),
        settled_s=time.monotonic() - began_s,
        cpu={name: each.cpu_ms / 1000 / seconds for name, each in usage.items()},
        throttled={name: each.throttled for name, each in usage.items()},
        differences=differences,
    )


def climb(name: str, binary: str, rates: Sequence[int], seconds: int) -> Climb:
    """Go up until two steps running fail: one may be the host's fault."""
    subject = contest(name, SUBJECTS[name])
    steps: list[Step] = []
    try:
        subject.start()
        for rate in rates:
            steps.append(asyncio.run(run_step(subject, binary, rate, seconds)))
            print(f"{name}: {describe(steps[-1])}", flush=True)
            if len(steps) > 1 and not any(each.served for each in steps[-2:]):
                break
    finally:
        subject.stop()
    return Climb(
        subject=name,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        revision=run("git", "describe", "--always", "--dirty").strip(),
        host=describe_host(),
        highest=max((each.rate for each in steps if each.served), default=0),
        steps=steps,
    )


def describe(step: Step) -> str:
    """One line about a step."""
    cpu = ", ".join(f"{name} {each:.2f} ({step.throttled[name]})" for name, each in step.cpu.items())
    return (
        f"{step.rate}/s {'served' if step.served else 'NOT served'}: "
        f"accepted {step.accepted} of {step.sent} sent of {step.due}, "
        f"p50 {step.p50:.2f}, p99 {step.p99:.2f} ms, books compared after {step.settled_s:.1f} s, "
        f"CPUs (throttled) {cpu}; {step.differences or 'books right'}"
    )


def main() -> int:
    """Climb at each subject."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.rate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--k6", default="k6", help="the k6 binary")
    parser.add_argument("--subjects", default=",".join(SUBJECTS))
    parser.add_argument("--rates", default=",".join(map(str, STEPS)), help="payments a second")
    parser.add_argument("--seconds", type=int, default=15, help="of a step; a multiple of 3")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with processors():
        for name in options.subjects.split(","):
            found = climb(name, options.k6, list(map(int, options.rates.split(","))), options.seconds)
            text = msgspec.json.format(msgspec.json.encode(found), indent=1)
            Path(options.out, f"rate-{name}.json").write_bytes(text + b"\n")
            print(f"{name}: highest rate served {found.highest}/s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
