"""The ``rinha`` command. Each subcommand imports what it needs only when it runs, so that no process loads the other
side's libraries.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from uuid import UUID

from rinha.commands.errors import CommandError
from rinha.commands.parser import make_parser
from rinha.logs.configure import configure_logging
from rinha.logs.output import STDOUT, discard, open_missing_streams
from rinha.process import ExitCode, hold_collector
from rinha.settings.errors import SettingsError
from rinha.settings.load import load_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rinha.commands.http import Api
    from rinha.settings.table import Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments without the program's name; those of this process if None.

    Returns:
        An ``ExitCode``; of ``rinha up`` also another one, if a second signal cut its end short.

    Raises:
        SystemExit: ``REFUSED`` for arguments that can't be understood, ``OK`` for ``--help``.
    """
    open_missing_streams()
    parser = make_parser()
    options = parser.parse_args(argv)
    try:
        code = _run(parser, options)
        sys.stdout.flush()
    except SettingsError as error:
        for wrong in error.errors:
            print(wrong, file=sys.stderr)
        return ExitCode.REFUSED
    except CommandError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        discard(STDOUT)
        return ExitCode.OK
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return code


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    settings = load_settings(os.environ)
    match options.command:
        case "check":
            from rinha.commands.check import run_check

            return run_check(os.environ)
        case "up":
            from rinha.up.main import run_up

            configure_logging(settings.log_level, role="up")
            return run_up(settings, os.environ)
        case "shard":
            from rinha.up.main import run_shard

            configure_logging(settings.log_level, role="shard")
            return run_shard(settings, os.environ)
        case "api":
            hold_collector()
            from rinha.api.main import run_api

            configure_logging(settings.log_level, role=settings.api_name)
            return run_api(settings, options.fd)
        case "worker":
            hold_collector()
            from rinha.worker.main import run_worker

            configure_logging(settings.log_level, role=options.name)
            return run_worker(settings, options.fd, options.name)
        case "relay":
            hold_collector()
            from rinha.jetstream.relay.main import run_relay

            configure_logging(settings.log_level, role=options.name)
            return run_relay(settings)
        case "simulator":
            fees_bps = {processor.name: processor.fee_bps for processor in settings.processors}
            if options.name not in fees_bps:
                parser.error(f"--name {options.name!r}: the processors are {', '.join(fees_bps)}")
            return _simulator(settings, options, fees_bps[options.name])
        case "rows":
            from rinha.commands.ask import run_rows

            return run_rows(_with_running_system())
        case "journal":
            from rinha.commands.journal.run import run_journal

            return run_journal(settings, options)
        case "payment" if options.settled or options.not_settled:
            return _close(parser, options)
        case "trace":
            from rinha.commands.trace import run_trace

            return run_trace(options, lambda path: _api(parser, settings, options).get(path), os.environ)
        case _:
            return _view(_api(parser, settings, options), options)


def _with_running_system() -> Settings:
    from rinha.up.runtime_file import with_running_system

    return load_settings(with_running_system(os.environ))


def _close(parser: argparse.ArgumentParser, options: argparse.Namespace) -> ExitCode:
    from rinha.commands.ask import run_close
    from rinha.commands.closing import read_order

    try:
        order = read_order(_whole(options.id), options.settled, by=options.by, reason=options.reason)
    except ValueError as error:
        parser.error(str(error))
    return run_close(_with_running_system(), order, as_json=options.json)


def _whole(digits: str) -> str:
    if len(digits) < 32:
        raise ValueError(f"id {digits!r}: how a payment ended is said of its whole id, and these are its first digits")
    return str(UUID(digits))


def _api(parser: argparse.ArgumentParser, settings: Settings, options: argparse.Namespace) -> Api:
    from rinha.commands.http import find_api, parse_place
    from rinha.up.runtime_file import url_of_running_system

    try:
        url = parse_place(options.url) if options.url else None
    except ValueError as error:
        parser.error(f"--url {options.url!r}: {error}")
    running = "" if url else url_of_running_system(os.environ)
    return find_api(settings, url=url, running=running)


def _view(api: Api, options: argparse.Namespace) -> ExitCode:
    from rinha.commands.views.run import run_view
    from rinha.commands.views.terminal import terminal_of

    return run_view(api, options, terminal_of(sys.stdout, os.environ))


def _simulator(settings: Settings, options: argparse.Namespace, fee_bps: int) -> int:
    from rinha.simulator.main import run_simulator

    configure_logging(settings.log_level, role=f"payment-processor-{options.name}")
    return run_simulator(name=options.name, fee_bps=fee_bps, host=options.host, port=options.port)
