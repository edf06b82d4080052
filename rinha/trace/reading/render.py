"""Traces as bytes to write: drawn for people, or in one of the forms for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rinha.trace.reading.chrome import chrome_chunks
from rinha.trace.reading.draw import draw
from rinha.trace.reading.otlp import otlp_line
from rinha.trace.reading.summary import Summary
from rinha.trace.reading.words import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rinha.trace.reading.draw import Look
    from rinha.trace.reading.spans import Trace


def render(traces: Iterable[Trace], form: str, look: Look) -> Iterator[bytes]:
    """Render traces, each when its turn comes.

    Args:
        traces: for ``chrome`` in the order of their starts.
        form: ``json``, ``otlp`` or ``chrome``; empty for people.
        look: how to draw for them.
    """
    match form:
        case "json":
            yield from (msgspec.json.encode(as_json(trace)) + b"\n" for trace in traces)
        case "otlp":
            yield from (otlp_line(trace) + b"\n" for trace in traces)
        case "chrome":
            yield from chrome_chunks(traces)
        case _:
            for number, trace in enumerate(traces):
                lines = ["", *draw(trace, look)] if number else draw(trace, look)
                yield "".join(f"{line}\n" for line in lines).encode(errors="replace")


def render_summary(traces: Iterable[Trace], form: str) -> Iterator[bytes]:
    """Render what many traces have in common: a table for people, or one JSON object with ``json``."""
    summary = Summary()
    for trace in traces:
        summary.add(trace)
    if form == "json":
        yield msgspec.json.encode(summary.as_json()) + b"\n"
    else:
        yield from (f"{line}\n".encode() for line in summary.lines())
