"""``rinha trace``: shows where payments spent their time, from the lines of a log or from a running system."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any

from rinha.commands.errors import CommandError
from rinha.commands.views.terminal import terminal_of
from rinha.process import ExitCode
from rinha.trace.reading.draw import Look
from rinha.trace.reading.read import parse_digits
from rinha.trace.reading.render import render, render_summary
from rinha.trace.reading.sources import LogSource, StrangeAnswerError, SystemSource
from rinha.trace.reading.tail import follow_log, follow_system

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rinha.trace.reading.sources import Source
    from rinha.trace.reading.spans import Trace

SLOWEST = 5
"""How many are drawn where nothing is said."""
NAMED_MAX = 10
"""How many ids are named that begin alike."""
COLUMNS = 100
"""Of a line in a pipe, where a picture must have some width."""
SYSTEM, PIPE = "the running system", "what is piped in"


def run_trace(options: Namespace, get: Callable[[str], Any], environ: Mapping[str, str]) -> ExitCode:
    """Show traces.

    Args:
        options: the arguments, as ``rinha.commands.trace_arguments`` has them.
        get: asks a running system for a path, and returns the answer's JSON; called only if there are no lines to read.
        environ: ``COLUMNS`` and ``NO_COLOR`` say how to draw.

    Returns:
        ``OK``.

    Raises:
        CommandError: there is no such file, payment or system; the text says which.
    """
    digits, path = _what(options.what)
    with _log(path) as file:
        source: Source = SystemSource(get) if file is None else LogSource(file)
        place = SYSTEM if file is None else (path if path not in {"", "-"} else PIPE)
        try:
            if not options.follow:
                traces = _there(_asked(source, digits, options), digits, place, failed=options.failed)
            elif file:
                traces = follow_log(file, digits)
            else:
                traces = follow_system(lambda: _asked(source, digits, options))
            _write(traces, options, environ)
        except StrangeAnswerError as error:
            raise CommandError(f"{place} doesn't answer with traces as this version knows them: {error}") from None
    for note in source.notes:
        print(f"note: {note}", file=sys.stderr)
    return ExitCode.OK


def _what(words: list[str]) -> tuple[str, str]:
    """Which payment, by its digits, and which file: both may be empty. What looks like an id is one."""
    digits = path = ""
    for word in words:
        try:
            found, is_id = parse_digits(word), True
        except ValueError:
            found, is_id = word, False
        if digits if is_id else path:
            text = f"{word!r} is one too many: at most an id and a file; a file that is named like an id is ./{word}"
            raise CommandError(text, ExitCode.REFUSED)
        digits, path = (found, path) if is_id else (digits, found)
    return digits, path


@contextmanager
def _log(path: str) -> Iterator[IO[bytes] | None]:
    """The log to read: the file, or what is piped into this process; None if there is neither."""
    if path and path != "-":
        try:
            file = open(path, "rb")  # noqa: SIM115  # closed below; what it is used for has errors of its own
        except OSError as error:
            raise CommandError(f"{path!r} can't be read: {error.strerror}", ExitCode.REFUSED) from None
        with file:
            yield file
        return
    mode = os.fstat(sys.stdin.fileno()).st_mode
    yield sys.stdin.buffer if path or stat.S_ISFIFO(mode) or stat.S_ISREG(mode) else None


def _asked(source: Source, digits: str, options: Namespace) -> Iterable[Trace]:
    if digits:
        return source.find(digits)
    if options.failed:
        return source.failed()
    if options.slowest:
        return source.slowest(options.slowest)
    # A person can't read them all, a program can.
    return source.all() if options.summary or options.form else source.slowest(SLOWEST)


def _there(traces: Iterable[Trace], digits: str, place: str, *, failed: bool) -> Iterator[Trace]:
    """The traces, if there are any; with an id there must be one, or it is too short."""
    found = iter(traces)
    some = list(found if digits else islice(found, 1))
    if digits and len(some) > 1:
        ids = ", ".join(trace.spans[0].line.correlation_id for trace in some[:NAMED_MAX])
        more = ", …" if len(some) > NAMED_MAX else ""
        raise CommandError(f"{len(some)} payments begin with {digits}, give more digits: {ids}{more}")
    if some:
        return chain(some, found)
    if digits and place == SYSTEM:
        text = f"no trace of a payment {digits} in {place}: its hops have left the rings, or it never came here"
        raise CommandError(f"{text}; `rinha payment {digits}` says what became of it")
    text = f"no trace of a payment {digits} in {place}" if digits else _none(place, failed)
    # A script, or an engine that runs one, pipes in nothing without anybody's having asked for it.
    raise CommandError(f"{text}; with `</dev/null` the running system is asked" if place == PIPE else text)


def _none(place: str, failed: bool) -> str:
    if failed:
        return f"no payment was refused, unknown or parked in {place}"
    return f"no trace in {place}" + ("" if place == SYSTEM else "; RINHA_TRACE_SHARE says how many payments have lines")


def _write(traces: Iterator[Trace], options: Namespace, environ: Mapping[str, str]) -> None:
    chunks = render_summary(traces, options.form) if options.summary else render(traces, options.form, _look(environ))
    for chunk in chunks:
        sys.stdout.buffer.write(chunk)
        if options.follow:
            sys.stdout.buffer.flush()
    sys.stdout.buffer.flush()


def _look(environ: Mapping[str, str]) -> Look:
    terminal = terminal_of(sys.stdout, environ)
    return Look(terminal.width or COLUMNS, terminal.colours, "utf" not in (sys.stdout.encoding or "").lower())
