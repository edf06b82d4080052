"""Traces in Chrome's trace event format, which Perfetto and ``chrome://tracing`` show.

https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU describes it. A process is a process
there and an actor a thread. Slices of one thread must nest, so an actor that has several payments at a time gets
several threads, and each payment's hops are in the first that is free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from rinha.trace.reading.words import numbered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rinha.trace.reading.spans import Span, Trace

_encode = msgspec.json.Encoder().encode


class _Lane:
    """One thread: which stretch of it is taken."""

    def __init__(self, tid: int) -> None:
        self.tid = tid
        self._owner = b""
        self._until_ns = 0
        self._open: list[int] = []

    def take(self, payment_id: bytes, span: Span) -> bool:
        """Put a slice here if it is after all others, or within an open one of the same payment."""
        start_ns, end_ns = span.start_ns, span.end_ns
        if self._owner != payment_id:
            if self._until_ns > start_ns:
                return False
            self._owner, self._open = payment_id, []
        while self._open and self._open[-1] <= start_ns:
            self._open.pop()
        if self._open and self._open[-1] < end_ns:
            return False
        self._open.append(end_ns)
        self._until_ns = max(self._until_ns, end_ns)
        return True


class _Events:
    def __init__(self) -> None:
        self._pids: dict[tuple[str, str], int] = {}
        self._lanes: dict[tuple[int, str], list[_Lane]] = {}
        self._tids = 0
        self._arrows = 0

    def of(self, trace: Trace) -> Iterator[bytes]:
        """The events of one trace; traces come in the order of their starts."""
        places: dict[Span, tuple[int, int]] = {}
        for span in trace.spans:
            line = span.line
            process = (line.role, line.run)
            if process not in self._pids:
                self._pids[process] = len(self._pids) + 1
                yield _encode(_name("process_name", self._pids[process], 0, line.role))
            pid = self._pids[process]
            lanes = self._lanes.setdefault((pid, line.actor), [])
            lane = next((each for each in lanes if each.take(trace.payment_id, span)), None)
            if lane is None:
                self._tids += 1
                lane = _Lane(self._tids)
                lane.take(trace.payment_id, span)
                lanes.append(lane)
                name = line.actor or "requests"
                name = f"{name} ({len(lanes)})" if len(lanes) > 1 else name
                yield _encode(_name("thread_name", pid, lane.tid, name))
            places[span] = (pid, lane.tid)
            yield self._slice(span, *places[span])
        for span in trace.spans:
            if span.parent is not None:
                yield from self._arrow(span.cause or span.parent, span, places)

    def _slice(self, span: Span, pid: int, tid: int) -> bytes:
        fields = b"," + _encode(span.fields)[1:] if span.fields else b"}"
        about = (
            f'{{"name":{_text(numbered(span))},"cat":{_text(span.hop)},"pid":{pid},"tid":{tid},"ph":"X",'
            f'"ts":{span.start_ns / 1000},"dur":{span.line.took_ns / 1000},'
            f'"args":{{"correlationId":{_text(span.line.correlation_id)},"waited_us":{span.waited_ns / 1000}'
        )
        return about.encode() + fields + b"}"

    def _arrow(self, cause: Span, span: Span, places: dict[Span, tuple[int, int]]) -> Iterator[bytes]:
        # An arrow's ends bind to the slices around them, and it must not go back in time.
        leaves_ns = max(cause.start_ns, min(cause.end_ns, span.start_ns))
        if leaves_ns > span.start_ns:
            return
        self._arrows += 1
        (from_pid, from_tid), (to_pid, to_tid) = places[cause], places[span]
        # Two of three events are ends of arrows, and nothing in them needs to be escaped.
        about = f'{{"name":"then","cat":"flow","id":{self._arrows}'
        yield f'{about},"ph":"s","ts":{leaves_ns / 1000},"pid":{from_pid},"tid":{from_tid}}}'.encode()
        yield f'{about},"ph":"f","bp":"e","ts":{span.start_ns / 1000},"pid":{to_pid},"tid":{to_tid}}}'.encode()


def chrome_chunks(traces: Iterable[Trace]) -> Iterator[bytes]:
    """Render traces as one JSON document.

    Args:
        traces: in the order of their starts.

    Yields:
        Its pieces, so that it is never in memory as a whole.
    """
    events = _Events()
    yield b'{"displayTimeUnit":"ms","traceEvents":['
    separator = b"\n"
    for trace in traces:
        yield separator + b",\n".join(events.of(trace))
        separator = b",\n"
    yield b"\n]}\n"


def _text(value: str) -> str:
    return _encode(value).decode()


def _name(what: str, pid: int, tid: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}
