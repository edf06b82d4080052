"""``python -m tests.soak``: two faults at once, again and again, under load; then the books are compared."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

import msgspec

from tests.soak.plan import FAULTS
from tests.soak.report import Report, table
from tests.soak.run import Options, soak
from tests.store.postgres_server import find_program


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 1 if anything is wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long on each store (default %(default)s)")
    parser.add_argument("--rate", type=float, default=200.0, help="payments a second (default %(default)s)")
    parser.add_argument("--store", choices=tuple(FAULTS), action="append", help="only this store")
    parser.add_argument("--seed", type=int, help="draw the same faults as an earlier run")
    parser.add_argument("--json", type=Path, help="where the report goes as JSON")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(2**32) if options.seed is None else options.seed
    reports: list[Report] = []
    for store in options.store or FAULTS:
        if store == "postgres" and find_program("initdb") is None:
            print("NOT TESTED: a journal in PostgreSQL, for want of its server (apt-get install postgresql)")
            continue
        print(f"soak on {store}: {options.seconds:g} s at {options.rate:g}/s, --seed {seed}", flush=True)
        with tempfile.TemporaryDirectory(prefix="rinha-soak-") as directory:
            reports.append(asyncio.run(soak(Options(store, seed, options.seconds, options.rate), Path(directory))))
        if options.json:
            options.json.write_bytes(msgspec.json.format(msgspec.json.encode(reports), indent=2) + b"\n")
    print(table(reports))
    print(*(example for each in reports for example in each.examples), sep="\n")
    return int(any(each.faults for each in reports))


if __name__ == "__main__":
    sys.exit(main())
