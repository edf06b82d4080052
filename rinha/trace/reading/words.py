"""What traces tell, in words: durations, fields, how a payment stands, and where its time went."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rinha.trace.reading.bars import longest, totals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rinha.trace.reading.bars import Bar
    from rinha.trace.reading.spans import Span, Trace

_OUTCOMES = {"refused": "refused it", "unknown": "left it unknown", "absent": "no row of it"}
_STEPS = {"post": "posted to", "look-up": "looked up at", "resolve": "looked up, and posted again if need be, at"}


def duration(nanoseconds: int) -> str:
    """A duration with three digits or so, and its unit."""
    for unit, size in (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)):
        # A tenth of a millisecond is easier to compare with milliseconds than 100 µs are.
        if nanoseconds >= size or (unit == "ms" and nanoseconds >= 50_000):
            value = nanoseconds / size
            return f"{value:,.2f} {unit}" if unit == "s" and value < 100 else f"{value:,.1f} {unit}"
    return f"{nanoseconds} ns" if nanoseconds else "0"


def instant(nanoseconds: int) -> str:
    """An instant in UTC, to the millisecond, as logs have it."""
    milliseconds = nanoseconds // 1_000_000
    clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    return f"{clock}.{milliseconds % 1000:03d}Z"


def plain(text: str) -> str:
    """A text without what would steer a terminal: processors write some of it."""
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def percent(part: int, whole: int) -> str:
    """A share as whole percents."""
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def numbered(span: Span) -> str:
    """A hop's name, with its attempt if it has one."""
    return plain(f"{span.hop} {span.line.attempt}" if span.line.attempt else span.hop)


def place(span: Span) -> str:
    """Process and actor. Most processes are called ``payment-…``, which says nothing."""
    role = span.line.role.removeprefix("payment-")
    return plain(f"{role}/{span.line.actor}" if span.line.actor else role)


def told(span: Span) -> str:
    """What was recorded with a hop, in words; empty if nothing was."""
    fields = dict(span.fields)
    words = []
    if span.hop == "ledger.recorded":
        words.append(f"settled at {fields.pop('processor', 'a processor')}")
        if not fields.pop("new", True):
            words.append("which was in the books already")
    if span.hop == "payment.attempt" and "processor" in fields:
        step = str(fields.pop("step", "post"))
        words.append(f"{_STEPS.get(step, step)} {fields.pop('processor')}: {fields.pop('outcome', 'under way')}")
    if span.hop == "api.request" and "status" in fields:
        words.append(f"answered {fields.pop('status')}")
    if verdict := fields.pop("verdict", None):
        words.append(str(verdict).replace("_", " "))
    if why := fields.pop("why", None):
        words.append(f"after {why}" if span.hop == "backlog.wait" else str(why))
    if reason := fields.pop("reason", None):
        words.append(plain(reason))
    if not fields.get("mailbox"):
        fields.pop("mailbox", None)
    if span.nth:
        words.append("once more")
    if span.is_early:
        words.append("began before its cause: the clocks of two processes differ")
    return plain(", ".join(words + [_field(name, value) for name, value in fields.items()]))


def state(trace: Trace) -> str:
    """How a payment stands, as far as its hops tell."""
    for span in reversed(trace.spans):
        fields = span.fields
        if span.hop in {"ledger.recorded", "payment.attempt"} and fields.get("outcome", "settled") == "settled":
            return f"settled at {_processor(trace)}" if _processor(trace) else "settled"
        if span.hop in {"parked", "purged"}:
            return span.hop
        if span.hop == "payment.attempt":
            return f"not settled yet: its last attempt was {fields['outcome']}"
        if span.hop == "retried":
            return "not settled yet: it was parked, and may try again"
    return "refused by the API" if trace.is_refused else "not settled yet, as far as is on record"


def where_it_went(trace: Trace) -> str:
    """One sentence that says where the time went."""
    bar = longest(trace)
    if bar is None:
        return "Its hops took no time that a clock shows."
    whole = f"{duration(trace.took_ns)}, of it {duration(bar.took_ns)} ({percent(bar.took_ns, trace.took_ns)})"
    return f"{whole} {bar.name}: {explained(bar)}"


def explained(bar: Bar) -> str:
    """What a bar's time was spent at."""
    span, fields = bar.span, bar.span.fields
    if bar.is_wait:
        if span.hop == "intake.taken":
            behind = f" ({fields['mailbox']} messages were behind it)" if fields.get("mailbox") else ""
            return f"between the API and {place(span)}: linger, wire and its mailbox{behind}"
        if bar.name == "mailbox":
            return f"waited for {place(span)} to come to {numbered(span)}"
        if bar.name == "parked":
            return "waited for a person to let it try again"
        return f"waited for {numbered(span)} at {place(span)}"
    match span.hop:
        case "backlog.wait":
            attempt = f" (attempt {span.line.attempt})" if span.line.attempt else ""
            return f"waited for its turn{attempt}{_because(span)}"
        case "payment.attempt":
            reason = f", {plain(str(fields['reason']))}" if fields.get("reason") else ""
            outcome = f"{fields.get('outcome', 'under way')}{reason}"
            return f"{fields.get('processor', 'the processor')} took so long (attempt {span.line.attempt}: {outcome})"
        case "journal.stored":
            return "until the journal had it on disk"
        case "api.request":
            return f"{span.line.role} itself, beside what its answer waited for"
        case _:
            return f"{numbered(span)} at {place(span)}"


def _because(span: Span) -> str:
    """Why a payment waited, if that is on record: what the attempt before came to, and the reason on the hop itself."""
    why = str(span.fields.get("why", ""))
    before = span.cause.fields if span.cause and span.cause.hop == "payment.attempt" else {}
    if before.get("outcome") not in _OUTCOMES:
        return f": {plain(why)}" if why else ""
    reason = str(before.get("reason", ""))
    words = [plain(each) for each in dict.fromkeys((reason, why)) if each]
    came_to = f"{before.get('processor', 'the processor')} had {_OUTCOMES[before['outcome']]}"
    return f": {plain(came_to)}" + (f" ({'; '.join(words)})" if words else "")


def spent(trace: Trace) -> str:
    """All names with their times, the most first."""
    parts = [f"{name} {duration(took_ns)}" for name, took_ns in totals(trace.spans).items()]
    return ", ".join(parts)


def _processor(trace: Trace) -> str:
    for span in reversed(trace.spans):
        if "processor" in span.fields:
            return str(span.fields["processor"])
    return ""


def _field(name: str, value: Any) -> str:
    label = name.replace("_", " ")
    if isinstance(value, bool):
        return label if value else f"not {label}"
    if name == "mailbox":
        return f"{value} messages behind it"
    if name == "amount_cents" and isinstance(value, int):
        return f"amount {value / 100:.2f}"
    return f"{label} {value}"


def as_json(trace: Trace) -> Mapping[str, object]:
    """A trace as a JSON object for programs."""
    bar = longest(trace)
    return {
        "correlationId": trace.spans[0].line.correlation_id,
        "trace_id": trace.trace_id.hex(),
        "state": state(trace),
        "at": instant(trace.start_ns),
        "took_ms": milliseconds(trace.took_ns),
        "has_ended": trace.has_ended,
        "longest": bar and {"name": bar.name, "took_ms": milliseconds(bar.took_ns), "why": explained(bar)},
        "spent_ms": {name: milliseconds(took_ns) for name, took_ns in totals(trace.spans).items()},
        "missing": trace.missing,
        "spans": [_span_as_json(trace, span) for span in trace.spans],
    }


def _span_as_json(trace: Trace, span: Span) -> dict[str, object]:
    line = span.line
    return {
        "span_id": span.span_id(trace.payment_id).hex(),
        "parent_id": (span.parent.span_id(trace.payment_id) if span.parent else trace.root_id).hex(),
        "hop": span.hop,
        "attempt": line.attempt or None,
        "role": line.role,
        "actor": line.actor or None,
        "start_ns": span.start_ns,
        "waited_ms": milliseconds(span.waited_ns) if span.cause else None,
        "took_ms": milliseconds(line.took_ns),
        "fields": span.fields,
        "words": told(span),
    }


def milliseconds(nanoseconds: int) -> float:
    """Milliseconds, to the microsecond."""
    return round(nanoseconds / 1e6, 3)
