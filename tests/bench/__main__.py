"""Measure the contest's load, side by side: ``python -m tests.bench --help``.

Each round runs every subject once, each started anew, so that what the host does to one it does to all. After each, the
books are checked. Exits 1 if any are wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.contest import Plan, run_round
from tests.bench.rounds import append
from tests.bench.subjects import BASE, BASE_IMAGE, FLOOR, PRESETS, Preset, checkout, contest, floor, processors
from tests.support.containers import PORT, PROCESSOR_PORTS, taken_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.rounds import Round
    from tests.bench.subjects import Subject


@contextlib.contextmanager
def container_subjects(names: Sequence[str], base: str, variants: Sequence[str]) -> Iterator[list[Subject]]:
    """Make the subjects, with images and the payment processors, for the length of the context.

    Args:
        names: the floor and presets.
        base: revision of an earlier version to measure beside them, if any.
        variants: other presets, as ``parse_variant`` takes them.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(processors())
        subjects: list[Subject] = [floor() if name == FLOOR else contest(name, PRESETS[name]) for name in names]
        subjects += [contest(*parse_variant(each)) for each in variants]
        if base:
            root = stack.enter_context(checkout(base))
            subjects.append(contest(BASE, PRESETS["queued"], image=BASE_IMAGE, root=root))
        yield subjects


@contextlib.contextmanager
def local_subjects(names: Sequence[str]) -> Iterator[list[Subject]]:
    """The presets as processes of this machine; the floor needs a container."""
    from tests.bench.local import LocalSubject

    yield [LocalSubject(f"local-{name}", PRESETS[name]) for name in names if name != FLOOR]


def parse_variant(text: str) -> tuple[str, Preset]:
    """Read ``NAME:RINHA_SETTING=VALUE,overlay.yaml,…``: the queued preset with other settings and overlays."""
    name, _, rest = text.partition(":")
    parts = [part for part in rest.split(",") if part]
    environ = dict(part.split("=", 1) for part in parts if "=" in part)
    return name, Preset(environ, [part for part in parts if "=" not in part])


def measure(subjects: Sequence[Subject], rounds: range, plan: Plan, out: Path) -> bool:
    """Run the rounds of these numbers, and keep what each subject of each did as soon as it is done.

    Returns:
        Whether all books were right.
    """
    right = True
    for number in rounds:
        # Each round begins with another subject, so that none is always the first.
        first = (number - 1) % len(subjects)
        for subject in (*subjects[first:], *subjects[:first]):
            try:
                ready_s = subject.start()
                done = asyncio.run(run_round(subject, number, plan, ready_s))
            finally:
                subject.stop()
            append(out, done)
            print(describe(done), flush=True)
            right &= not done.differences and not done.inconsistencies
    return right


def describe(done: Round) -> str:
    """One line about a round."""
    cpu_ms = {name: each.cpu_ms / max(1, done.accepted) for name, each in done.usage.items()}
    shares = " + ".join(f"{each:.3f}" for each in cpu_ms.values())
    return (
        f"{done.number:2} {done.subject:12} ms: p50 {done.latency.p50:.2f}, p95 {done.latency.p95:.2f}, "
        f"p99 {done.latency.p99:.2f}, max {done.latency.max:.1f}; "
        f"CPU {sum(cpu_ms.values()):.3f} = {shares} a payment; "
        f"throttled {[each.steady_throttled for each in done.usage.values()]}; "
        f"memory {sum(each.memory_end for each in done.usage.values()) / 1e6:.0f} MB; "
        f"accepted {done.accepted} of {done.sent}, settled {done.settled}, lag {done.lag}, "
        f"inconsistencies {done.inconsistencies}, {done.differences or 'books right'}"
    )


def main() -> int:
    """Measure as told."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--k6", default="k6", help="the k6 binary")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="number of the first round, to add to earlier ones")
    parser.add_argument("--subjects", default="floor,queued", help=f"of floor, {', '.join(PRESETS)}")
    parser.add_argument("--base", default="", metavar="REVISION", help="an earlier version to measure beside them")
    parser.add_argument("--variant", action="append", default=[], metavar="NAME:SETTING=VALUE,OVERLAY", help="a trial")
    parser.add_argument("--local", action="store_true", help="processes of this machine instead of containers")
    parser.add_argument("--users", type=int, default=550)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--out", type=Path, required=True, help="folder for the rounds")
    options = parser.parse_args()

    names = [name for name in options.subjects.split(",") if name]
    if unknown := [name for name in names if name not in {FLOOR, *PRESETS}]:
        parser.error(f"no such subject: {', '.join(unknown)}; there are {FLOOR}, {', '.join(PRESETS)}")
    if min(options.rounds, options.first, options.users) < 1 or options.seconds < 12 or options.seconds % 12:
        parser.error("there must be a round, a user, and a multiple of 12 seconds")
    if port := taken_port(PORT, *PROCESSOR_PORTS.values()):
        parser.error(f"port {port} is taken: stop what listens there")
    options.out.mkdir(parents=True, exist_ok=True)
    plan = Plan(options.k6, options.users, options.seconds)
    making = local_subjects(names) if options.local else container_subjects(names, options.base, options.variant)
    with making as subjects:
        rounds = range(options.first, options.first + options.rounds)
        return int(not measure(subjects, rounds, plan, options.out))


if __name__ == "__main__":
    sys.exit(main())
