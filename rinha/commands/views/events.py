"""``rinha events``: what happened, the newest last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rinha.commands.views.answers import Event, Events, read
from rinha.commands.views.units import instant

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from rinha.commands.http import Api
    from rinha.commands.views.terminal import Terminal

PAUSE_S = 1.0
LEVEL_COLOURS = {"warning": "yellow", "error": "red", "critical": "red"}
TRACES = ("exception", "stack")


def ask(api: Api, options: Namespace) -> Any:
    """What the processes remember."""
    return api.get("/events", after=options.after)


def last(answer: Any, after: str) -> str:
    """After what to ask for the next events: the newest of an answer; ``after`` if it has none."""
    return str(answer["events"][-1]["number"]) if answer["events"] else after


def lines(answer: Any, terminal: Terminal, now_ms: int) -> Iterator[str]:
    """A line for each event, and below it the traceback if there is one."""
    report = read(answer, Events)
    for event in report.events:
        yield from _event(event, terminal, now_ms)
    for missing in report.missing:
        yield from terminal.field("no answer", missing)
    if not report.events and not report.missing:
        yield "nothing has happened"


def _event(event: Event, terminal: Terminal, now_ms: int) -> Iterator[str]:
    level = terminal.paint(event.level.ljust(8), LEVEL_COLOURS.get(event.level, "dim"))
    head = f"{instant(event.at_ms, now_ms)}  {level}  {event.role}  "
    yield f"{head}{event.words}"
    for name in TRACES:
        yield from (f"    {line}" for line in str(event.fields.get(name, "")).splitlines())
