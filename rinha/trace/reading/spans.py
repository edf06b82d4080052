"""A payment's hops as a tree of spans, each with how long its cause let it wait."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from actors.tracing import HOPS
from rinha.trace.ids import ROOT, TRACEPARENT, TraceParent, parse_traceparent, span_id, trace_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rinha.trace.reading.hop_line import HopLine

_ALSO_CAUSES = {
    "backlog.wait": ("payment.attempt", "retried", "journal.stored"),
    "bridge.back": ("journal.stored",),
    "parked": ("payment.attempt",),
    "retried": ("parked",),
    "purged": ("payment.attempt",),
}
"""What a hop may come after beside its parent: whichever ended last is its cause."""
_ANSWERING = frozenset({"bridge.out", "intake.taken", "journal.stored", "bridge.back"})
"""What a request's answer may wait for."""
_ORDER = {name: number for number, name in enumerate(HOPS)}
"""What begins at the same instant follows from the other in this order."""
_AT_API = frozenset(hop.name for hop in HOPS.values() if hop.place == "api")
_ENDINGS = frozenset({"ledger.recorded", "parked", "purged"})


class Span:
    """One hop in the tree.

    Args:
        line: the hop as it was recorded.
        nth: 0, or which of several this is that are otherwise the same.

    Attributes:
        parent: the span above; None for those right below the root.
        cause: what it came after; None if that isn't known.
        waited_ns: from its cause's end to its start; 0 if it began before that.
        is_early: it began before its cause did, so that two clocks differ.
        elsewhere: of a request, from when to when its answer waited for others.
        fields: what was recorded with it, without what is null; to be read alone.
    """

    __slots__ = (
        "cause", "elsewhere", "end_ns", "fields", "hop", "is_early", "line", "nth", "parent", "start_ns", "waited_ns",
    )  # fmt: skip

    def __init__(self, line: HopLine, nth: int) -> None:
        self.line = line
        self.nth = nth
        self.hop = line.hop
        self.start_ns = line.start_ns
        self.end_ns = line.start_ns + line.took_ns
        self.elsewhere: list[tuple[int, int]] = []
        self.parent: Span | None = None
        self.cause: Span | None = None
        self.waited_ns = 0
        self.is_early = False
        fields = line.fields or {}
        self.fields = {name: value for name, value in fields.items() if value is not None}

    @property
    def own_ns(self) -> int:
        """What it took, without the time that its answer waited for others."""
        own_ns, until_ns = self.line.took_ns, self.start_ns
        for began_ns, over_ns in sorted(self.elsewhere):
            start_ns, end_ns = max(began_ns, until_ns), min(over_ns, self.end_ns)
            if end_ns > start_ns:
                own_ns -= end_ns - start_ns
                until_ns = end_ns
        return own_ns

    @property
    def depth(self) -> int:
        """How many spans are above it, without the root."""
        return self.parent.depth + 1 if self.parent else 0

    def span_id(self, payment_id: bytes) -> bytes:
        """8 bytes, the same in every viewer; ``payment_id`` is the trace's."""
        line = self.line
        hop = f"{line.hop} {self.nth}" if self.nth else line.hop
        return span_id(payment_id, hop, line.attempt, line.role, line.run)


class Trace:
    """All that is known of one payment's way.

    Args:
        payment_id: its 16 bytes.
        lines: its hops, at least one, in any order.
        silent: processes that were asked and have none of it, by their kind: ``api`` or ``worker``.
    """

    def __init__(
        self, payment_id: bytes, lines: Iterable[HopLine], silent: Mapping[str, list[str]] | None = None
    ) -> None:
        self.payment_id = payment_id
        self.spans = _distinct(lines)
        self.missing = _Tree(self.spans).grow(silent or {})
        self.start_ns = self.spans[0].start_ns
        self.end_ns = max(span.end_ns for span in self.spans)

    @cached_property
    def traceparent(self) -> TraceParent | None:
        """The client's place in a trace of its own; None if it sent none."""
        for span in self.spans:
            if (text := span.fields.get(TRACEPARENT)) and (found := parse_traceparent(str(text))):
                return found
        return None

    @property
    def trace_id(self) -> bytes:
        """The client's, or else what the payment's id makes: 16 bytes."""
        return self.traceparent.trace_id if self.traceparent else trace_id(self.payment_id)

    @property
    def root_id(self) -> bytes:
        """The span id of the root, 8 bytes."""
        return span_id(self.payment_id, ROOT)

    @property
    def took_ns(self) -> int:
        """From the first hop's start to the end of whatever ended last."""
        return self.end_ns - self.start_ns

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to be expected of it by itself."""
        last = [span.hop for span in self.spans if span.hop in _ENDINGS or span.hop == "retried"]
        if last:
            return last[-1] in _ENDINGS
        return all(span.hop == "api.request" for span in self.spans) and self.is_refused

    @property
    def is_refused(self) -> bool:
        """Whether an API didn't take it."""
        return any(span.hop == "api.request" and int(span.fields.get("status", 0)) >= 400 for span in self.spans)

    @property
    def has_failed(self) -> bool:
        """Whether something went wrong with it: refused, unknown or parked, be it for a time."""
        return self.is_refused or any(
            span.hop == "parked" or span.fields.get("outcome") in {"refused", "unknown"} for span in self.spans
        )


def _distinct(lines: Iterable[HopLine]) -> list[Span]:
    """Spans by their start. What was written twice is there once; a client's repeat at the same API is another."""
    seen: dict[tuple[str, int, str, str], int] = {}
    spans: list[Span] = []
    for line in sorted(lines, key=lambda each: (each.start_ns, _ORDER.get(each.hop, 0))):
        key = (line.hop, line.attempt, line.role, line.run)
        nth = seen.get(key, -1) + 1
        if nth and any(line.start_ns == span.start_ns and span.line == line for span in spans):
            continue
        seen[key] = nth
        spans.append(Span(line, nth))
    return spans


class _Tree:
    def __init__(self, spans: list[Span]) -> None:
        self._spans = spans
        self._by_hop: dict[str, list[Span]] = {}
        for span in spans:
            self._by_hop.setdefault(span.hop, []).append(span)
        self._absent: dict[str, int] = {}

    def grow(self, silent: Mapping[str, list[str]]) -> list[str]:
        """Find parents, causes and waits; returns what is missing, in words."""
        for span in self._spans:
            span.parent = self._parent(span)
        for span in self._spans:
            self._date(span)
        for request in self._by_hop.get("api.request", ()):
            request.elsewhere = [
                (span.start_ns - span.waited_ns, span.end_ns)
                for name in _ANSWERING
                for span in self._by_hop.get(name, ())
            ]
        return _missing(self._by_hop, self._absent, silent)

    def _parent(self, span: Span) -> Span | None:
        name = HOPS[span.hop].parent if span.hop in HOPS else ROOT
        while name != ROOT:
            if nearest := _nearest(span, self._by_hop.get(name, ())):
                return nearest
            self._absent[name] = span.line.attempt
            name = HOPS[name].parent
        return None

    def _date(self, span: Span) -> None:
        cause = span.parent
        for name in _ALSO_CAUSES.get(span.hop, ()):
            for each in self._by_hop.get(name, ()):
                if each.end_ns <= span.start_ns and (cause is None or each.end_ns > cause.end_ns):
                    cause = each
        span.cause = cause
        if cause is not None:
            span.waited_ns = max(0, span.start_ns - cause.end_ns)
            span.is_early = span.start_ns < cause.start_ns


def _nearest(span: Span, candidates: Iterable[Span]) -> Span | None:
    """Of several that may be the parent, one of the same attempt and process, and the last that began before."""
    attempts = (0, span.line.attempt)
    fit = [each for each in candidates if not span.line.attempt or each.line.attempt in attempts]
    if len(fit) < 2:
        return fit[0] if fit else None

    def rank(each: Span) -> tuple[bool, bool, int]:
        is_before = each.start_ns <= span.start_ns
        return each.line.run == span.line.run, is_before, each.start_ns if is_before else -each.start_ns

    return max(fit, key=rank)


def _missing(by_hop: dict[str, list[Span]], absent: dict[str, int], silent: Mapping[str, list[str]]) -> list[str]:
    words = []
    if not _AT_API & by_hop.keys():
        words.append(_nothing_from(silent.get("api"), "an API"))
    elif "bridge.out" in by_hop and by_hop.keys() <= _AT_API:
        words.append(_nothing_from(silent.get("worker"), "the worker"))
    for hop, attempt in absent.items():
        if hop not in _AT_API or _AT_API & by_hop.keys():
            words.append(f"no {hop}{f' of attempt {attempt}' if attempt else ''}: it has left the ring, or was dropped")
    return words


def _nothing_from(names: list[str] | None, otherwise: str) -> str:
    if names:
        return f"nothing from {', '.join(names)}: the ring has gone on"
    return f"nothing from {otherwise}: its lines aren't among these, or were dropped"
