"""``rinha journal``: what is in a journal, and old rows out of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from actors.ports import StoreBroken, StoreUnavailable
from rinha.commands.errors import CommandError
from rinha.process import ExitCode
from rinha.store.url import parse_store_url

if TYPE_CHECKING:
    import argparse

    from rinha.settings.table import Settings
    from rinha.store.url import StoreUrl


def run_journal(settings: Settings, options: argparse.Namespace) -> ExitCode:
    """Run the command.

    Args:
        settings: tell which journal it is, if no argument does.
        options: the arguments.

    Returns:
        OK.

    Raises:
        CommandError: it can't be done; the text says why.
    """
    try:
        if options.action == "read":
            from rinha.commands.journal.read import print_archive

            print_archive(options.file, as_csv=options.csv)
        elif options.action == "prune":
            from rinha.commands.journal.prune import prune

            prune(_url(settings, options.store), options.before, options.archive, as_json=options.json)
        else:
            from rinha.commands.journal.show import show
            from rinha.store.open import read_reports

            show(read_reports(_url(settings, options.store)), as_json=options.json)
    except StoreUnavailable as error:
        raise CommandError(str(error), ExitCode.UNAVAILABLE) from None
    except StoreBroken as error:
        raise CommandError(str(error), ExitCode.REFUSED) from None
    sys.stdout.flush()
    return ExitCode.OK


def _url(settings: Settings, text: str | None) -> StoreUrl:
    if text is not None:
        try:
            return parse_store_url(text)
        except ValueError as error:
            raise CommandError(f"--store {error}", ExitCode.REFUSED) from None
    if settings.store is None:
        raise CommandError("no journal: RINHA_STORE is not set; name one with --store URL", ExitCode.REFUSED)
    return settings.store
