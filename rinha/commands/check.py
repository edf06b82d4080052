"""``rinha check``: the settings in effect. What is wrong with them was said before a command runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.process import ExitCode
from rinha.settings.render import effective_rows

if TYPE_CHECKING:
    from collections.abc import Mapping


def run_check(environ: Mapping[str, str]) -> ExitCode:
    """Print a line per setting: its name, its value, where that comes from, what it is.

    Args:
        environ: an environment without mistakes.

    Returns:
        OK.
    """
    rows = [("variable", "value", "from", "what it is"), *effective_rows(environ)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join((*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3])))
    return ExitCode.OK
