"""``python -m tests.simulation``: run seeds, and show what to do about those that fail."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.plan import LEVELS
from tests.simulation.run import simulate
from tests.simulation.trace import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.run import Result

TRACES_MAX = 3
"""Failing seeds whose traces are printed; of the others one line each."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 1 if a seed failed for no known reason.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many seeds to run (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (default %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (default %(default)s)")
    parser.add_argument("--level", choices=LEVELS, help="only this level")
    parser.add_argument("--seed", type=int, help="run this seed alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: print all that happens")
    parser.add_argument("--digest", action="store_true", help="with --seed: print the fingerprint of the trace")
    options = parser.parse_args(arguments)
    levels = (options.level,) if options.level else LEVELS
    if options.seed is not None:
        result = simulate(options.seed, levels, trace=options.trace or options.digest)
        if options.digest:
            print(digest(result.trace))
        elif options.trace:
            print("\n".join(result.trace))
        print_violations(result)
        return int(bool(result.violations))
    begun_s = time.perf_counter()
    failed = [each for each in _run(range(options.first, options.first + options.seeds), levels, options.jobs) if each]
    took_s = time.perf_counter() - begun_s
    for number, result in enumerate(failed):
        if number < TRACES_MAX:
            print("\n".join(simulate(result.seed, levels, trace=True).trace))
            print()
        print_violations(result)
        only = f" --level {options.level}" if options.level else ""
        print(f"repeat: python -m tests.simulation --seed {result.seed}{only} --trace")
    print(f"{options.seeds} seeds in {took_s:.1f} s, {options.seeds / took_s:.0f} seeds/s; {len(failed)} failed")
    return int(bool(failed))


def print_violations(result: Result) -> None:
    """Print what is wrong with a run."""
    for each in result.violations:
        print(f"seed {result.seed} ({result.level}): {each}")


def _run(seeds: range, levels: tuple[str, ...], jobs: int) -> Iterator[Result | None]:
    """The failed runs; None for the others."""
    run = partial(failure, levels=levels)
    if jobs == 1:
        yield from map(run, seeds)
        return
    with ProcessPoolExecutor(jobs) as executor:
        yield from executor.map(run, seeds, chunksize=max(1, min(50, len(seeds) // jobs)))


def failure(seed: int, levels: tuple[str, ...]) -> Result | None:
    """Run a seed.

    Returns:
        Its result if it failed.
    """
    result = simulate(seed, levels)
    return result if result.violations else None


if __name__ == "__main__":
    sys.exit(main())
