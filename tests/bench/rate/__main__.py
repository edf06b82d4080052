"""Steady rates, each payment sent when it is due, whatever became of the last: ``python -m tests.bench.rate --help``.

Goes up in steps at one subject after the other until two running fail: p99 too high, a payment refused, or one not
settled soon. p99 is by the instant at which a payment was due: a closed loop, which waits for an answer before it asks
again, sees of a stall only the one request that was under way. Fixed rates side by side: ``--rates 250,500 --rounds
3``. Exits 130 if Ctrl-C stopped it; what was done until then is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from tests.bench.choice import add_options, chosen
from tests.bench.contest import warm_up
from tests.bench.host import describe_host, speed
from tests.bench.peers import PeerError
from tests.bench.progress import Progress, taken
from tests.bench.rate.step import FILE_NAME, Climb, Step, append, read, run_step
from tests.bench.rate.table import describe, table
from tests.bench.subjects import PRESETS, Preset
from tests.support.containers import PORT, PROCESSOR_PORTS, run, taken_port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.rounds import Speed
    from tests.bench.subjects import Subject

STEPS = (250, 500, 750, 1000, 1250, 1500, 1750, 2000, 2500, 3000)
UNLIMITED = ["tests/bench/unlimited.yaml"]
SUBJECTS = {
    **PRESETS,
    "unlimited": Preset(overlays=UNLIMITED),
    "unpaced": Preset({"RINHA_SETTLE_PER_S": "10000"}, UNLIMITED),
}
AROUND_S = 4
"""What a step takes beside its load."""


class Plan(NamedTuple):
    """What is done at each subject.

    Args:
        k6: the binary.
        rates: payments a second, in order.
        seconds: of a step.
        warm_up: seconds of load before the first, at its rate.
    """

    k6: str
    rates: Sequence[int]
    seconds: int
    warm_up: int


async def climb(subject: Subject, plan: Plan, steps: list[Step], progress: Progress) -> None:
    """Go up until two steps running fail: one may be the host's fault.

    Args:
        subject: has been started.
        plan: the steps.
        steps: is filled with what is done.
        progress: is told.
    """
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(30)) as session:
        await warm_up(session, subject, plan.k6, plan.rates[0], plan.warm_up)
        for rate in plan.rates:
            progress.begin(f"{subject.name}, {rate}/s")
            steps.append(await run_step(session, subject, plan.k6, rate, plan.seconds))
            print(f"{subject.name}: {describe(steps[-1])}", flush=True)
            progress.end()
            if len(steps) > 1 and not any(each.served for each in steps[-2:]):
                break
    progress.skip(len(plan.rates) - len(steps))


def measure(subject: Subject, number: int, plan: Plan, out: Path, progress: Progress) -> None:
    """Climb at a subject, and keep what was done, also if it is stopped."""
    steps: list[Step] = []
    before = speed()
    try:
        subject.start()
        asyncio.run(climb(subject, plan, steps, progress))
    finally:
        subject.stop()
        if steps:
            done = finished(subject.name, number, steps, before, speed())
            append(out, done)
            print(f"{subject.name}: highest rate served {done.highest}/s", flush=True)


def finished(name: str, number: int, steps: list[Step], before: Speed, after: Speed) -> Climb:
    """All that there is to say of a climb."""
    return Climb(
        subject=name,
        number=number,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        revision=run("git", "describe", "--always", "--dirty").strip(),
        host=describe_host(),
        highest=max((each.rate for each in steps if each.served), default=0),
        steps=steps,
        speed_before=before,
        speed_after=after,
    )


def numbers(text: str) -> list[int]:
    """Rates, as an option has them.

    Raises:
        ValueError: one is no whole number above 0, or there is none.
    """
    found = [int(each) for each in text.split(",")]
    if min(found) < 1:
        raise ValueError(text)
    return found


def main() -> int:
    """Climb at each subject."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.rate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--k6", default="k6", help="the k6 binary")
    add_options(parser, "queued,unlimited,unpaced", SUBJECTS)
    parser.add_argument("--rates", type=numbers, default=list(STEPS), help="payments a second, in order, e.g. 250,500")
    parser.add_argument("--seconds", type=int, default=15, help="of a step; a multiple of 3 (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="sets, in which each subject has its turn")
    parser.add_argument("--warm-up", type=int, default=10, metavar="SECONDS", help="of load before the first step")
    parser.add_argument("--out", type=Path, required=True, help=f"folder for {FILE_NAME}")
    parser.add_argument("--replace", action="store_true", help="write over what is there")
    options = parser.parse_args()
    try:
        choice = chosen(options, SUBJECTS)
    except (ValueError, PeerError) as error:
        parser.error(str(error))
    if options.seconds < 3 or options.seconds % 3 or options.rounds < 1:
        parser.error("there must be a round, and a step lasts a multiple of 3 seconds")
    if port := taken_port(PORT, *PROCESSOR_PORTS.values()):
        parser.error(f"port {port} is taken: stop what listens there")
    file = options.out / FILE_NAME
    if not options.replace and taken([file]):
        parser.error(f"{file} is there already: --replace writes over it")
    progress = Progress([options.seconds + AROUND_S] * (options.rounds * choice.size * len(options.rates)))
    what = f"{options.rounds} rounds of {choice.size} subjects at up to {len(options.rates)} rates"
    progress.plan(f"{what}, {options.seconds} s each, open loop", options.out)
    plan = Plan(options.k6, options.rates, options.seconds, max(0, options.warm_up))
    code = 0
    try:
        with choice.made() as subjects:
            file.unlink(missing_ok=True)
            for number in range(1, options.rounds + 1):
                first = (number - 1) % len(subjects)
                for subject in (*subjects[first:], *subjects[:first]):
                    measure(subject, number, plan, options.out, progress)
    except KeyboardInterrupt:
        code = progress.stopped(options.out)
    if file.exists():
        print(table(read(options.out)))
    return code


if __name__ == "__main__":
    sys.exit(main())
