"""Prints the rows of an archive."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

from rinha.commands.errors import CommandError
from rinha.process import ExitCode
from rinha.store.archive import read_archive

_NAMES = ("id", "processor", "amount_cents", "requested_at_ms", "taken_cents")


def print_archive(file: str, *, as_csv: bool) -> None:
    """Print them, as ``rinha rows`` prints the books, and with the amounts that they were taken with.

    Args:
        file: the archive.
        as_csv: as CSV, else JSON lines.

    Raises:
        CommandError: it is none, or damaged; the rows before the damage are printed.
    """
    try:
        if as_csv:
            writer = csv.DictWriter(sys.stdout, _NAMES, lineterminator="\n")
            writer.writeheader()
            writer.writerows(read_archive(Path(file)))
        else:
            for row in read_archive(Path(file)):
                print(json.dumps(row, separators=(",", ":"), ensure_ascii=False))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror or error}", ExitCode.REFUSED) from None
    except ValueError as error:
        raise CommandError(str(error), ExitCode.REFUSED) from None
