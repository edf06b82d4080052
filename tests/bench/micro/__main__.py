"""``python -m tests.bench.micro``: measure parts by themselves, and hold them against their goals.

Each figure is the median of some runs. The memory and the bridge's API side are measured in processes of their own.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.micro import bridge, ledger, runtime, trace
from tests.bench.micro.document import document
from tests.bench.micro.figure import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.micro.figure import Figure

SUBJECTS: dict[str, Callable[[int], list[Figure]]] = {
    "runtime": lambda runs: runtime.figures(runs=runs),
    "bridge": lambda runs: bridge.figures(runs=runs),
    "ledger": lambda runs: ledger.figures(runs=runs),
    "trace": lambda runs: trace.figures(runs=runs),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code, 0: a missed goal is said, but is no failure.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench.micro", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often each is measured (default %(default)s)")
    parser.add_argument("--only", choices=SUBJECTS, help="only this subject")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args(arguments)
    figures: list[Figure] = []
    for name, measure in SUBJECTS.items():
        if options.only in {None, name}:
            print(f"measuring the {name} …", file=sys.stderr)
            figures += measure(options.runs)
    print(table(figures))
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(document(figures), indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
