"""``rinha processors``: which one is in use, since when, why, what would switch back, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rinha.commands.views.answers import Processor, Processors, Routing, read
from rinha.commands.views.units import age, duration, instant, money, since

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from rinha.commands.http import Api
    from rinha.commands.views.terminal import Terminal


def ask(api: Api, options: Namespace) -> Any:
    """The processors, and the choice between them."""
    return api.get("/processors")


def lines(answer: Any, terminal: Terminal, now_ms: int) -> Iterator[str]:
    """The choice in words, then how each processor is."""
    report = read(answer, Processors)
    yield from _choice(report.routing, report.processors, terminal, now_ms)
    yield ""
    header = ("processor", "fee", "is", "for", "latency", "in flight", "settled", "amount", "why")
    yield from terminal.table(header, [_row(each, terminal, now_ms) for each in report.processors])
    for each in report.processors:
        if each.last_failure and each.last_failure_ms:
            yield f"{each.name} last failed at {instant(each.last_failure_ms, now_ms)}: {each.last_failure}"


def _choice(routing: Routing, processors: Sequence[Processor], terminal: Terminal, now_ms: int) -> Iterator[str]:
    used = terminal.paint(routing.in_use, "bold") if routing.in_use else terminal.paint("none", "red")
    held = f" since {since(routing.since_ms, now_ms)}" if routing.since_ms else ""
    yield from terminal.field("in use", f"{used}{held}")
    yield from terminal.field("why", f"{routing.why} (policy {routing.policy})")
    if routing.back:
        yield from terminal.field("next", routing.back)
    yield from terminal.field("fees", _fees(routing, sum(each.settled_cents for each in processors)))


def _fees(routing: Routing, settled_cents: int) -> str:
    if not settled_cents:
        return "none paid yet"
    paid, least = routing.fees_cents, routing.least_fees_cents
    return (
        f"{money(paid)} paid, {paid / settled_cents:.1%} of {money(settled_cents)}; "
        f"the least possible was {money(least)}, {least / settled_cents:.1%}"
    )


def _row(processor: Processor, terminal: Terminal, now_ms: int) -> tuple[str, ...]:
    latency = "-" if processor.latency_ms is None else duration(processor.latency_ms / 1000)
    source = f" ({processor.latency_from})" if processor.latency_from else ""
    return (
        processor.name,
        f"{processor.fee_bps / 100:g}%",
        terminal.paint("well", "green") if processor.healthy else terminal.paint("failing", "red"),
        age(processor.since_ms, now_ms),
        f"{latency}{source}{', old' if processor.stale else ''}",
        f"{processor.in_flight:,}",
        f"{processor.settled:,}",
        money(processor.settled_cents),
        f"{processor.why}; {processor.next}" if processor.next else processor.why,
    )
