"""Measure the contest's load, side by side: ``python -m tests.bench --help``.

Each round runs every subject once, each started anew and warmed up alike, so that what the host does to one it does to
all. After each, the books are checked, and the host's own speed is noted before and after. Exits 1 if any books are
wrong, 130 if Ctrl-C stopped it; the report is then of what was done.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tests.bench.choice import add_options, chosen
from tests.bench.contest import OFFICIAL_SECONDS, Plan, run_round
from tests.bench.host import speed
from tests.bench.peers import PeerError
from tests.bench.progress import Progress, taken
from tests.bench.report.__main__ import main as write_report
from tests.bench.rounds import FILE_NAME, append
from tests.bench.subjects import PRESETS
from tests.support.containers import PORT, PROCESSOR_PORTS, taken_port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.rounds import Round
    from tests.bench.subjects import Subject

AROUND_S = 20
"""What a round takes beside its load: start, speed of the host, books, end."""


def measure(subjects: Sequence[Subject], rounds: range, plan: Plan, out: Path, progress: Progress) -> bool:
    """Run the rounds of these numbers, and keep what each subject of each did as soon as it is done.

    Args:
        subjects: in the order of the first round.
        rounds: their numbers.
        plan: the load.
        out: the folder to keep them in.
        progress: is told.

    Returns:
        Whether all books were right.
    """
    right = True
    for number in rounds:
        # Each round begins with another subject, so that none is always the first.
        first = (number - 1) % len(subjects)
        for subject in (*subjects[first:], *subjects[:first]):
            progress.begin(f"round {number}, {subject.name}")
            before = speed()
            try:
                ready_s = subject.start()
                done = asyncio.run(run_round(subject, number, plan, ready_s))
            except Exception as error:
                # A peer may be broken in any way: the others are measured all the same.
                if not subject.is_peer:
                    raise
                print(f"{number:2} {subject.name} FAILED: {reason(error)}", flush=True)
                progress.end()
                right = False
                continue
            finally:
                subject.stop()
            done = msgspec.structs.replace(done, speed_before=before, speed_after=speed())
            append(out, done)
            progress.end()
            print(describe(done), flush=True)
            right &= not done.differences and not done.inconsistencies
    return right


def reason(error: BaseException) -> str:
    """What went wrong, in one line: that of the first of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def describe(done: Round) -> str:
    """One line about a round."""
    cpu_ms = {name: each.cpu_ms / max(1, done.accepted) for name, each in done.usage.items()}
    shares = " + ".join(f"{each:.3f}" for each in cpu_ms.values())
    beside = [each.loop_ms for each in (done.speed_before, done.speed_after) if each]
    host = f"; host's loop {' and '.join(f'{each:.1f}' for each in beside)} ms" if beside else ""
    return (
        f"{done.number:2} {done.subject:12} ms: p50 {done.latency.p50:.2f}, p95 {done.latency.p95:.2f}, "
        f"p99 {done.latency.p99:.2f}, max {done.latency.max:.1f}; "
        f"CPU {sum(cpu_ms.values()):.3f} = {shares} a payment; "
        f"throttled {[each.steady_throttled for each in done.usage.values()]}; "
        f"memory {sum(each.memory_end for each in done.usage.values()) / 1e6:.0f} MB; "
        f"accepted {done.accepted} of {done.sent}, settled {done.settled}, lag {done.lag}, "
        f"inconsistencies {done.inconsistencies}, {done.differences or 'books right'}{host}"
    )


def main() -> int:
    """Measure as told."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--k6", default="k6", help="the k6 binary")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="number of the first round, to add to earlier ones")
    add_options(parser, "floor,queued", PRESETS)
    parser.add_argument("--official", type=Path, metavar="FILE", help="a copy of the contest's own script")
    parser.add_argument("--users", type=int, default=550)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--warm-up", type=int, default=10, metavar="SECONDS", help="of load before each measured run")
    parser.add_argument("--out", type=Path, required=True, help="folder for the rounds, and the report of them")
    parser.add_argument("--replace", action="store_true", help="write over the rounds that are there")
    options = parser.parse_args()
    try:
        choice = chosen(options, PRESETS)
    except (ValueError, PeerError) as error:
        parser.error(str(error))
    if min(options.rounds, options.first, options.users) < 1 or options.seconds < 12 or options.seconds % 12:
        parser.error("there must be a round, a user, and a multiple of 12 seconds")
    if options.official and (options.seconds != OFFICIAL_SECONDS or not options.official.is_file()):
        parser.error(f"{options.official}: there must be such a file, and it lasts {OFFICIAL_SECONDS} seconds")
    if port := taken_port(PORT, *PROCESSOR_PORTS.values()):
        parser.error(f"port {port} is taken: stop what listens there")
    file = options.out / FILE_NAME
    if options.first == 1 and not options.replace and (kept := taken([file])):
        parser.error(f"{kept} has rounds already: --first NUMBER adds to them, --replace writes over them")
    plan = Plan(options.k6, options.users, options.seconds, max(0, options.warm_up), options.official)
    rounds = range(options.first, options.first + options.rounds)
    progress = Progress([plan.seconds + plan.warm_up + AROUND_S] * (options.rounds * choice.size))
    load = f"{plan.users} users in {plan.seconds} s by {plan.script} after {plan.warm_up} s of warm-up"
    progress.plan(f"{options.rounds} rounds of {choice.size} subjects, {load}", options.out)
    options.out.mkdir(parents=True, exist_ok=True)
    code = 1
    try:
        with choice.made() as subjects:
            if options.first == 1:
                file.unlink(missing_ok=True)
            code = int(not measure(subjects, rounds, plan, options.out, progress))
    except KeyboardInterrupt:
        code = progress.stopped(options.out)
    finally:
        if file.exists():
            write_report([str(options.out)])
    return code


if __name__ == "__main__":
    sys.exit(main())
