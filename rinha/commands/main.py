"""The ``rinha`` command. Each subcommand imports what it needs only when it runs, so that no process loads the other
side's libraries.
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from rinha.logs import configure_logging
from rinha.net.host import parse_host
from rinha.output import STDOUT, discard, open_missing_streams
from rinha.process import WORKER_ROLE, ExitCode, hold_collector
from rinha.settings.errors import SettingsError
from rinha.settings.load import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rinha.settings.table import Settings

QUESTIONS = ("statistics", "rows", "parked", "unknown", "payment")
"""Commands that ask a running worker."""


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
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        code = _run(parser, options)
        sys.stdout.flush()
    except SettingsError as error:
        for wrong in error.errors:
            print(wrong, file=sys.stderr)
        return ExitCode.REFUSED
    except BrokenPipeError:
        discard(STDOUT)
        return ExitCode.OK
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return code


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    environ: Mapping[str, str] = os.environ
    if options.command in QUESTIONS:
        from rinha.up.runtime_file import with_running_system

        environ = with_running_system(environ)
    settings = load_settings(environ)
    match options.command:
        case "check":
            from rinha.commands.check import run_check

            return run_check(os.environ)
        case "up":
            from rinha.up.main import run_up

            configure_logging(settings.log_level, role="up")
            return run_up(settings, os.environ)
        case "api":
            hold_collector()
            from rinha.api.main import run_api

            configure_logging(settings.log_level, role=settings.api_name)
            return run_api(settings, options.fd)
        case "worker":
            hold_collector()
            from rinha.worker.main import run_worker

            configure_logging(settings.log_level, role=WORKER_ROLE)
            return run_worker(settings, options.fd)
        case "simulator":
            fees_bps = {processor.name: processor.fee_bps for processor in settings.processors}
            if options.name not in fees_bps:
                parser.error(f"--name {options.name!r}: the processors are {', '.join(fees_bps)}")
            return _simulator(settings, options, fees_bps[options.name])
        case "payment":
            from rinha.commands.ask import run_close
            from rinha.commands.payment import read_order

            try:
                order = read_order(options.id, options.settled, by=options.by, reason=options.reason)
            except ValueError as error:
                parser.error(str(error))
            return run_close(settings, order)
        case question:
            from rinha.commands.ask import run_console

            return run_console(settings, question, retry=getattr(options, "retry", False))


def _simulator(settings: Settings, options: argparse.Namespace, fee_bps: int) -> int:
    from rinha.simulator.main import run_simulator

    configure_logging(settings.log_level, role=f"payment-processor-{options.name}")
    return run_simulator(name=options.name, fee_bps=fee_bps, host=options.host, port=options.port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rinha",
        description="A payments intermediary on the actor model.",
        epilog="Settings come from the environment; `rinha check` shows them.",
        formatter_class=partial(argparse.HelpFormatter, max_help_position=16),
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("up", help="start the whole system on this machine")
    api = commands.add_parser("api", help="run one HTTP API")
    worker = commands.add_parser("worker", help="run the worker")
    for server in (api, worker):
        server.add_argument("--fd", type=_descriptor, help="listening socket to take over, as a file descriptor")
    simulator = commands.add_parser("simulator", help="run a stand-in for one payment processor")
    simulator.add_argument("--name", help="the processor whose part it plays", required=True)
    simulator.add_argument("--port", type=_port, required=True)
    simulator.add_argument("--host", type=_host, default="127.0.0.1", help="address to listen on (default %(default)s)")
    commands.add_parser("check", help="show the settings in effect, and everything wrong with them")
    commands.add_parser("statistics", help="show what the worker holds, as a JSON line")
    commands.add_parser("rows", help="dump the books, a JSON line per settled payment")
    parked = commands.add_parser("parked", help="list the payments that wait for a person, a JSON line each")
    parked.add_argument("--retry", action="store_true", help="let all of them try again")
    commands.add_parser("unknown", help="list the payments that may be settled or not, a JSON line each")
    _add_payment(commands.add_parser("payment", help="say how a payment ended that is unknown or parked"))
    return parser


def _add_payment(payment: argparse.ArgumentParser) -> None:
    payment.add_argument("id", help="the payment's UUID")
    ending = payment.add_mutually_exclusive_group(required=True)
    ending.add_argument(
        "--settled", nargs=3, metavar=("PROCESSOR", "REQUESTED_AT", "CENTS"), help="it is in this processor's books so"
    )
    ending.add_argument("--not-settled", action="store_true", help="it is in no books: it is written off, for good")
    payment.add_argument("--by", default="", help="who says so (default: the user who runs this)")
    payment.add_argument("--reason", default="", help="why")


def _descriptor(text: str) -> int:
    return _bounded(text, 1_000_000, "a file descriptor is a whole number")


def _host(text: str) -> str:
    try:
        return parse_host(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None


def _port(text: str) -> int:
    return _bounded(text, 65535, "a port is a whole number from 0 to 65535")


def _bounded(text: str, high: int, reason: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= high):
        raise argparse.ArgumentTypeError(f"{text!r}: {reason}")
    return int(text)
