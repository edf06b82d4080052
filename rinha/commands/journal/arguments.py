"""The arguments of ``rinha journal``. Apart from what they are for, which no other command has to load."""

from __future__ import annotations

import argparse


def add_journal_arguments(journal: argparse.ArgumentParser) -> None:
    """Add them to the parser of the command."""
    _add_common(journal, store=None, as_json=False)
    actions = journal.add_subparsers(dest="action", metavar="action")
    prune = actions.add_parser("prune", help="remove old rows while no worker has the journal; their sums stay")
    # What stands before the action must not be undone by what is left out after it.
    _add_common(prune, store=argparse.SUPPRESS, as_json=argparse.SUPPRESS)
    prune.add_argument(
        "--before",
        required=True,
        metavar="INSTANT",
        help="remove what was requested before it, like 2026-01-01T00:00:00Z; of the minute that it lies in, nothing",
    )
    prune.add_argument(
        "--archive", metavar="FILE", help="write the rows there first; of several shards, FILE.0, FILE.1 …"
    )
    read = actions.add_parser("read", help="print the rows of an archive")
    read.add_argument("file", metavar="FILE", help="what `rinha journal prune --archive` wrote")
    read.add_argument("--csv", action="store_true", help="as CSV, with a line of names first, not as JSON lines")


def _add_common(parser: argparse.ArgumentParser, *, store: str | None, as_json: bool | str) -> None:
    parser.add_argument("--store", default=store, metavar="URL", help="the journal (default: RINHA_STORE)")
    parser.add_argument("--json", action="store_true", default=as_json, help="for programs")
