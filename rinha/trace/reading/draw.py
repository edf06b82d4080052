"""A payment's way as a waterfall of words and bars, for a terminal or a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rinha.trace.reading.bars import WORK, longest
from rinha.trace.reading.words import duration, instant, numbered, place, spent, state, told, where_it_went

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rinha.trace.reading.spans import Span, Trace

LEAST_BAR = 10
"""Cells: below that a bar says nothing, and lines may as well be wider than the terminal."""
_HOP, _PLACE, _TIME = 23, 18, 9
_BOLD, _DIM, _RED = "1", "2", "1;31"
_COLOURS = {"API": "36", "bridge": "34", "backlog": "33", "processor": "35", "disk": "32", "parked": "31"}


class Look(NamedTuple):
    """How to draw.

    Args:
        columns: how wide a line may be.
        has_colours: whether escape sequences are understood.
        is_ascii: whether nothing but ASCII can be shown.
    """

    columns: int = 100
    has_colours: bool = False
    is_ascii: bool = False

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, if there are any."""
        return f"\033[{colour}m{text}\033[0m" if self.has_colours and text and colour else text


def draw(trace: Trace, look: Look) -> Iterator[str]:
    """Draw one trace.

    Args:
        trace: the payment's.
        look: of the place where it is shown.

    Yields:
        Lines, without their ends: what became of it, where its time went, then a hop each.
    """
    for line in _draw(trace, look):
        yield line.encode("ascii", "replace").decode() if look.is_ascii else line


def _draw(trace: Trace, look: Look) -> Iterator[str]:
    yield f"{look.paint(trace.spans[0].line.correlation_id, _BOLD)}  {state(trace)}, from {instant(trace.start_ns)}"
    yield look.paint(where_it_went(trace), _BOLD)
    if text := spent(trace):
        yield f"spent: {text}"
    for missing in trace.missing:
        yield look.paint(f"incomplete: {missing}", _RED)
    if not trace.has_ended:
        ends = instant(trace.end_ns)
        told_by = f"`rinha payment {trace.payment_id.hex()[:8]}`"
        yield look.paint(f"goes on: nothing on record after {ends}; {told_by} says what it waits for", _RED)
    yield ""
    yield look.paint(
        f"{'hop':{_HOP}}{'where':{_PLACE}}{'start':>{_TIME}}{'waited':>{_TIME}}{'took':>{_TIME}}", _DIM
    ).rstrip()
    chart = _Chart(trace, look)
    for span in trace.spans:
        yield chart.row(span)
        if text := told(span):
            yield look.paint(f"{' ' * (span.depth + 1)}{'-' if look.is_ascii else '·'} {text}", _DIM)


class _Chart:
    def __init__(self, trace: Trace, look: Look) -> None:
        self._start_ns = trace.start_ns
        self._look = look
        self._cells = max(LEAST_BAR, look.columns - _HOP - _PLACE - 3 * _TIME - 2)
        self._cell_ns = max(trace.took_ns, 1) / self._cells
        self._longest = longest(trace)

    def row(self, span: Span) -> str:
        hop = f"{' ' * span.depth}{numbered(span)}"
        waited = duration(span.waited_ns) if span.cause else ""
        numbers = (duration(span.start_ns - self._start_ns), waited, duration(span.line.took_ns))
        text = f"{hop:{_HOP}}{place(span)[: _PLACE - 1]:{_PLACE}}" + "".join(f"{each:>{_TIME}}" for each in numbers)
        return f"{text}  {self._bar(span)}".rstrip()

    def _bar(self, span: Span) -> str:
        begin, middle = self._cell(span.start_ns - span.waited_ns), self._cell(span.start_ns)
        is_longest = self._longest is not None and self._longest.span is span
        colour = _RED if is_longest else _COLOURS.get(WORK.get(span.hop, ""), "")
        wait, work, tiny = (".", "#", "|") if self._look.is_ascii else ("░", "█", "▏")
        bar = self._look.paint(wait * (middle - begin), _RED if is_longest else _DIM)
        if span.line.took_ns >= self._cell_ns:
            return (
                " " * begin
                + bar
                + self._look.paint(work * max(1, self._cell(span.end_ns, above=True) - middle), colour)
            )
        # It has less than a cell, so its number stands beside it, on the side where there is room.
        bar, number = bar + self._look.paint(tiny, colour), duration(span.line.took_ns)
        if middle + 1 + len(number) <= self._cells:
            return " " * begin + bar + number
        return f"{number:>{begin}}{bar}" if len(number) <= begin else " " * begin + bar

    def _cell(self, at_ns: int, *, above: bool = False) -> int:
        """The cell that an instant is in; for the end of a bar the one behind it."""
        cell = int((at_ns - self._start_ns) / self._cell_ns + above / 2)
        return min(self._cells - (not above), max(0, cell))
