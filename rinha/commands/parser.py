"""The arguments of the ``rinha`` command."""

from __future__ import annotations

import argparse
import re
from functools import partial

from rinha.commands.journal.arguments import add_journal_arguments
from rinha.commands.trace_arguments import add_trace_arguments
from rinha.net.host import parse_host
from rinha.process import WORKER_ROLE

LIMIT_MAX = 1000
DIGITS_MIN, DIGITS = 6, 32
"""Of an id: with fewer, too many payments begin so."""
HELD = ("waiting", "in_flight", "unknown", "parked")


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands; ``command`` in its result is the one that was given."""
    parser = argparse.ArgumentParser(
        prog="rinha",
        description="A payments intermediary on the actor model.",
        epilog="Settings come from the environment; `rinha check` shows them.",
        formatter_class=partial(argparse.HelpFormatter, max_help_position=16),
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    _add_processes(commands)
    commands.add_parser("check", help="show the settings in effect, and everything wrong with them")
    add_journal_arguments(
        commands.add_parser("journal", help="show what is in the journal, also without a worker; or remove old rows")
    )
    commands.add_parser("rows", help="dump the books, a JSON line per settled payment")
    _add_views(commands)
    return parser


def _add_processes(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands.add_parser("up", help="start the whole system on this machine")
    commands.add_parser("shard", help="start a worker and its relay on this machine, beside others; needs RINHA_NATS")
    api = commands.add_parser("api", help="run one HTTP API")
    worker = commands.add_parser("worker", help="run the worker")
    for server in (api, worker):
        server.add_argument("--fd", type=_descriptor, help="listening socket to take over, as a file descriptor")
    worker.add_argument("--name", help="its name for people (default %(default)s)", default=WORKER_ROLE)
    relay = commands.add_parser("relay", help="carry payments from NATS to the worker; needs the extra scale")
    relay.add_argument("--name", help="its name in logs (default %(default)s)", default="payment-relay")
    simulator = commands.add_parser("simulator", help="run a stand-in for one payment processor")
    simulator.add_argument("--name", help="the processor whose part it plays", required=True)
    simulator.add_argument("--port", type=_port, required=True)
    simulator.add_argument("--host", type=_host, default="127.0.0.1", help="address to listen on (default %(default)s)")


def _add_views(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    view = argparse.ArgumentParser(add_help=False)
    view.add_argument("--url", help="where an API is: http://host:port or unix:/path (default: the running system's)")
    view.add_argument("--json", action="store_true", help="for programs")
    add = partial(commands.add_parser, parents=[view])
    _add_payment(add("payment", help="show what became of a payment, or say how it ended"))
    held = add("held", help="show what payments wait for, and which they are")
    states = held.add_mutually_exclusive_group()
    for state in HELD:
        option = f"--{state.replace('_', '-')}"
        states.add_argument(option, dest="state", action="store_const", const=state, default="", help="these alone")
    parked = add("parked", help="show the payments that wait for a person")
    parked.add_argument("--retry", nargs="?", const="", metavar="ID", type=_id, help="let this one, or all, try again")
    for listing in (held, parked):
        listing.add_argument("--limit", type=_limit, default=20, help="how many at most (default %(default)s)")
    add("processors", help="show which processor is in use, why, and what it costs")
    add("statistics", help="show how many payments are where, and what is refused")
    add_trace_arguments(commands.add_parser("trace", help="show where the time of payments goes"))
    events = add("events", help="show what happened, the newest last")
    events.add_argument("-f", "--follow", action="store_true", help="go on with what happens from now on")
    events.set_defaults(after="")


def _add_payment(payment: argparse.ArgumentParser) -> None:
    payment.add_argument("id", type=_id, help="the payment's UUID, or its first 6 digits or more")
    ending = payment.add_mutually_exclusive_group()
    ending.add_argument(
        "--settled", nargs=3, metavar=("PROCESSOR", "REQUESTED_AT", "CENTS"), help="it is in this processor's books so"
    )
    ending.add_argument("--not-settled", action="store_true", help="it is in no books: it is written off, for good")
    payment.add_argument("--by", default="", help="who says so (default: the user who runs this)")
    payment.add_argument("--reason", default="", help="why")


def _id(text: str) -> str:
    """The digits of an id, or of its beginning, in lower case."""
    digits = text.replace("-", "").lower()
    if text and not re.fullmatch(f"[0-9a-f]{{{DIGITS_MIN},{DIGITS}}}", digits):
        reason = f"an id is a UUID, with or without hyphens, or its first {DIGITS_MIN} digits or more"
        raise argparse.ArgumentTypeError(f"{text!r}: {reason}")
    return digits


def _descriptor(text: str) -> int:
    return _bounded(text, 1_000_000, "a file descriptor is a whole number")


def _limit(text: str) -> int:
    return _bounded(text, LIMIT_MAX, f"a limit is a whole number from 1 to {LIMIT_MAX}", low=1)


def _host(text: str) -> str:
    try:
        return parse_host(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None


def _port(text: str) -> int:
    return _bounded(text, 65535, "a port is a whole number from 0 to 65535")


def _bounded(text: str, high: int, reason: str, *, low: int = 0) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise argparse.ArgumentTypeError(f"{text!r}: {reason}")
    return int(text)
