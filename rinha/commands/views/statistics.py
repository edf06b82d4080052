"""``rinha statistics``: how many payments are where, and what is refused, since when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rinha.commands.views.answers import ApiFigures, Statistics, StreamFigures, WorkerFigures, read
from rinha.commands.views.units import age, instant, since

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from rinha.commands.http import Api
    from rinha.commands.views.terminal import Terminal

STATES = ("settled", "waiting", "in_flight", "unknown", "parked", "written_off")
"""Their sum is what was accepted."""
OTHERS = {"duplicates": "repeated", "conflicts": "refused for another amount", "purged": "purged on their way"}


def ask(api: Api, options: Namespace) -> Any:
    """What the worker holds, and what each API did."""
    return api.get("/statistics")


def lines(answer: Any, terminal: Terminal, now_ms: int) -> Iterator[str]:
    """What is where, then what each API refuses."""
    statistics = read(answer, Statistics)
    if statistics.worker is None:
        yield from terminal.field("worker", terminal.paint("away: what it holds can't be said", "red"))
    else:
        yield from _worker(statistics.worker, terminal)
    for missing in statistics.missing:
        yield from terminal.field("no answer", missing)
    if statistics.stream is not None:
        yield from _stream(statistics.stream, terminal)
    for api in statistics.apis:
        yield from _api(api, terminal, now_ms)


def _worker(worker: WorkerFigures, terminal: Terminal) -> Iterator[str]:
    where = ", ".join(f"{getattr(worker, name):,} {name.replace('_', ' ')}" for name in STATES if getattr(worker, name))
    yield from terminal.field("accepted", f"{worker.accepted:,}: {where}" if where else f"{worker.accepted:,}")
    others = [f"{getattr(worker, name):,} {words}" for name, words in OTHERS.items() if getattr(worker, name)]
    if others:
        yield from terminal.field("beside", ", ".join(others))
    for name, counted in (("crashes", worker.crashes), ("dead letters", worker.dead_letters)):
        if counted:
            text = ", ".join(f"{count:,} {what}" for what, count in counted.items())
            yield from terminal.field(name, terminal.paint(text, "red"), indent=14)


def _stream(stream: StreamFigures, terminal: Terminal) -> Iterator[str]:
    text = "NATS says nothing of it" if stream.messages < 0 else f"{stream.messages:,} messages"
    if stream.aside:
        text += terminal.paint(f"; {stream.aside:,} of them no worker could take: they wait for a person", "red")
    yield from terminal.field("stream", text)
    for shard in stream.shards:
        waiting = "" if shard.waiting < 0 else f"; {shard.waiting:,} messages wait, {shard.redelivered:,} came again"
        if shard.serving:
            text = f"serving: {shard.settled:,} settled, {shard.held:,} held{waiting}"
        else:
            text = terminal.paint(f"away: {shard.why}", "red") + waiting
        yield from terminal.field(f"shard {shard.shard}", text)


def _api(api: ApiFigures, terminal: Terminal, now_ms: int) -> Iterator[str]:
    yield ""
    yield f"{terminal.paint(api.name, 'bold')}, started {since(api.started_ms, now_ms)}"
    if api.refusing:
        held = f" ({age(api.refusing_since_ms, now_ms)})" if api.refusing_since_ms else ""
        yield from terminal.field("refuses", terminal.paint(f"{api.why}{held}", "red"))
    yield from terminal.field("took", f"{api.accepted:,}")
    refused = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in api.refused.items() if count)
    last = f"; the last at {instant(api.last_refused_ms, now_ms)}" if api.last_refused_ms else ""
    yield from terminal.field("refused", f"{refused}{last}" if refused else "none")
