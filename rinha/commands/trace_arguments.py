"""The arguments of ``rinha trace``. Apart from what they are for, which no other command has to load."""

from __future__ import annotations

import argparse

SLOWEST_MAX = 1000


def add_trace_arguments(trace: argparse.ArgumentParser) -> None:
    """Add them to the parser of the command."""
    trace.add_argument(
        "what",
        nargs="*",
        metavar="ID|FILE",
        help="a payment's UUID, or its first 6 digits or more; a log to read instead of asking the running system, "
        "- for what is piped in",
    )
    which = trace.add_mutually_exclusive_group()
    which.add_argument("--slowest", type=_count, metavar="N", help="those that took longest")
    which.add_argument("--failed", action="store_true", help="those that were refused, unknown or parked")
    trace.add_argument("--summary", action="store_true", help="hop by hop, where the time of all goes")
    trace.add_argument("-f", "--follow", action="store_true", help="go on with what comes from now on")
    form = trace.add_mutually_exclusive_group()
    form.set_defaults(form="")
    for name, words in (
        ("json", "for programs: a JSON line for each payment"),
        ("otlp", "for OpenTelemetry: a line of OTLP JSON for each payment"),
        ("chrome", "for Perfetto and chrome://tracing: one JSON document"),
    ):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=words)
    trace.add_argument("--url", help="where an API is: http://host:port or unix:/path (default: the running system's)")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= SLOWEST_MAX):
        raise argparse.ArgumentTypeError(f"{text!r}: how many is a whole number from 1 to {SLOWEST_MAX}")
    return int(text)
