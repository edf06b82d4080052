"""Shows a person, or a program, what an API answers."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from rinha.commands.views import events, held, parked, payment, processors, statistics
from rinha.commands.views.units import now_ms
from rinha.process import ExitCode

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator

    from rinha.commands.http import Api
    from rinha.commands.views.terminal import Terminal


class View(NamedTuple):
    """What a command shows.

    Args:
        ask: asks an API, and returns JSON.
        lines: draws that, at an instant in ms since the epoch.
    """

    ask: Callable[[Api, Namespace], Any]
    lines: Callable[[Any, Terminal, int], Iterator[str]]


VIEWS = {
    "payment": View(payment.ask, payment.lines),
    "held": View(held.ask, held.lines),
    "parked": View(parked.ask, parked.lines),
    "processors": View(processors.ask, processors.lines),
    "statistics": View(statistics.ask, statistics.lines),
    "events": View(events.ask, events.lines),
}


def run_view(api: Api, options: Namespace, terminal: Terminal) -> ExitCode:
    """Run one of ``VIEWS``, and go on with what comes after if ``--follow`` wants it.

    Args:
        api: whom to ask.
        options: the command with its arguments.
        terminal: how to draw.

    Returns:
        OK.

    Raises:
        CommandError: there is no answer, or it is no.
    """
    view = VIEWS[options.command]
    answer = view.ask(api, options)
    _show(view, answer, options.json, terminal)
    while getattr(options, "follow", False):
        options.after = events.last(answer, options.after)
        time.sleep(events.PAUSE_S)
        answer = view.ask(api, options)
        if answer["events"]:
            _show(view, answer, options.json, terminal)
    return ExitCode.OK


def _show(view: View, answer: Any, as_json: bool, terminal: Terminal) -> None:
    if as_json:
        print(msgspec.json.encode(answer).decode())
    else:
        for line in view.lines(answer, terminal, now_ms()):
            print(line)
    sys.stdout.flush()
