"""``python -m tests.bench.micro``: measure parts by themselves, and hold them against their goals.

Each figure is the median of some runs, which go round by round. The memory and the bridge's API side are measured in
processes of their own. Exits 130 if Ctrl-C stopped it; the figures are then of fewer runs.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.micro import bridge, ledger, runtime, trace
from tests.bench.micro.document import document
from tests.bench.micro.figure import joined, table
from tests.bench.progress import Progress, taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.micro.figure import Figure

SUBJECTS: dict[str, Callable[[int], list[Figure]]] = {
    "runtime": lambda runs: runtime.figures(runs=runs),
    "bridge": lambda runs: bridge.figures(runs=runs),
    "ledger": lambda runs: ledger.figures(runs=runs),
    "trace": lambda runs: trace.figures(runs=runs),
}
ROUND_S = {"runtime": 5.0, "bridge": 3.0, "ledger": 60.0, "trace": 5.0}
"""About how long one run of each takes, to say so at the start; what the first ones take corrects it."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0, also if a goal is missed, 130 if it was stopped.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench.micro", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="how often each is measured (default %(default)s)")
    parser.add_argument("--only", choices=SUBJECTS, help="only this subject")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there, after each step")
    parser.add_argument("--replace", action="store_true", help="write over the figures that are there")
    options = parser.parse_args(arguments)
    if options.json is not None and not options.replace and taken([options.json]):
        parser.error(f"{options.json} is there already: --replace writes over it")
    measured = {name: each for name, each in SUBJECTS.items() if options.only in {None, name}}
    progress = Progress([ROUND_S[name] for name in measured] * options.runs)
    progress.plan(f"{options.runs} runs of {', '.join(measured)}", options.json)
    figures: list[Figure] = []
    code = 0
    try:
        for number in range(1, options.runs + 1):
            for name, measure in measured.items():
                progress.begin(f"run {number}, {name}")
                figures = joined(figures, measure(1))
                progress.end()
                write(options.json, figures)
    except KeyboardInterrupt:
        code = progress.stopped(options.json)
    print(table(figures))
    return code


def write(path: Path | None, figures: list[Figure]) -> None:
    """Write the figures that there are, whole or not at all."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".part")
        half.write_text(json.dumps(document(figures), indent=2, ensure_ascii=False) + "\n")
        half.replace(path)


if __name__ == "__main__":
    sys.exit(main())
