"""Where a payment's time went: each hop's wait and work, by a name that a person knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rinha.trace.reading.spans import Span, Trace

WORK = {
    "api.request": "API",
    "bridge.out": "bridge",
    "intake.taken": "intake",
    "journal.stored": "disk",
    "bridge.back": "bridge",
    "backlog.wait": "backlog",
    "payment.attempt": "processor",
    "ledger.recorded": "ledger",
    "parked": "parked",
    "retried": "parked",
    "purged": "purge",
}
"""What a hop's own time is spent at."""
WAIT = {
    "bridge.out": "API",
    "bridge.back": "bridge",
    "retried": "parked",
    "backlog.wait": "intake",
}
"""What its wait is spent at, where that isn't a mailbox."""


class Bar(NamedTuple):
    """A stretch of time.

    Args:
        name: what it was spent at: ``backlog``, ``mailbox``, ``processor``, ``disk`` and the like.
        took_ns: how long.
        span: of which hop.
        is_wait: whether it is the time before the hop instead of its own.
    """

    name: str
    took_ns: int
    span: Span
    is_wait: bool


def bars(spans: Iterable[Span]) -> Iterator[Bar]:
    """The bars of some hops, two for each; empty ones are left out."""
    for span in spans:
        if span.waited_ns:
            yield Bar(WAIT.get(span.hop, "mailbox"), span.waited_ns, span, True)
        if span.own_ns:
            yield Bar(WORK.get(span.hop, span.hop), span.own_ns, span, False)


def longest(trace: Trace) -> Bar | None:
    """The bar that took longest; None if none took any time."""
    return max(bars(trace.spans), key=lambda bar: bar.took_ns, default=None)


def totals(spans: Iterable[Span]) -> dict[str, int]:
    """Nanoseconds by name, the most first. Things that happen at the same time are counted each."""
    found: dict[str, int] = {}
    for bar in bars(spans):
        found[bar.name] = found.get(bar.name, 0) + bar.took_ns
    return dict(sorted(found.items(), key=lambda item: -item[1]))
