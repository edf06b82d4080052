"""``python -m tests.bench.report DIRECTORY``: read its rounds, write ``report.md`` and plots beside them."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.report.markdown import render
from tests.bench.report.plots import PLOTS
from tests.bench.report.samples import by_subject
from tests.bench.report.style import svg
from tests.bench.rounds import RoundsError, read_rounds

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 2 if the rounds can't be read; then nothing is written.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench.report", description=__doc__)
    parser.add_argument("directory", type=Path, help="holds rounds.jsonl")
    directory: Path = parser.parse_args(arguments).directory
    try:
        rounds = read_rounds(directory)
    except RoundsError as error:
        print(error, file=sys.stderr)
        return 2
    samples = by_subject(rounds)
    plots = [each for each in PLOTS if any(map(each.needs, rounds))]
    for each in PLOTS:
        path = directory / each.name
        if each in plots:
            path.write_bytes(svg(partial(each.draw, samples), each.title))
        else:
            path.unlink(missing_ok=True)
    report = directory / "report.md"
    report.write_text(render(samples, {each.name: each.title for each in plots}), encoding="utf-8")
    print(report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
