"""Traces as OTLP JSON lines, one ``TracesData`` a payment, which collectors of OpenTelemetry read (``otlpjsonfile``).

The encoding is https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids in hexadecimal, times as strings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from rinha.trace.ids import ROOT

if TYPE_CHECKING:
    from rinha.trace.reading.spans import Span, Trace

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
"""``Span.SpanKind``."""
_KINDS = {
    "api.request": SERVER,
    "bridge.out": PRODUCER,
    "intake.taken": CONSUMER,
    "payment.attempt": CLIENT,
}
ERROR = 2
"""``Status.StatusCode``."""


def otlp_line(trace: Trace) -> bytes:
    """Render one trace.

    Returns:
        A JSON object without a line's end. All its spans are below one root, which is below the client's span if that
        sent a ``traceparent``.
    """
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for span in trace.spans:
        groups.setdefault((span.line.role, span.line.run), []).append(_span(trace, span))
    next(iter(groups.values())).insert(0, _root(trace))
    return msgspec.json.encode({"resourceSpans": [_resource(*process, spans) for process, spans in groups.items()]})


def _resource(role: str, run: str, spans: list[dict[str, Any]]) -> dict[str, Any]:
    about = {"service.namespace": "rinha", "service.name": role, "service.instance.id": run}
    return {
        "resource": {"attributes": _attributes(about)},
        "scopeSpans": [{"scope": {"name": "rinha.trace"}, "spans": spans}],
    }


def _root(trace: Trace) -> dict[str, Any]:
    parent = {"parentSpanId": trace.traceparent.parent_id.hex()} if trace.traceparent else {}
    return {
        "traceId": trace.trace_id.hex(),
        "spanId": trace.root_id.hex(),
        **parent,
        "name": ROOT,
        "kind": INTERNAL,
        "startTimeUnixNano": str(trace.start_ns),
        "endTimeUnixNano": str(trace.end_ns),
        "attributes": _attributes({"correlationId": trace.spans[0].line.correlation_id}),
    }


def _span(trace: Trace, span: Span) -> dict[str, Any]:
    line = span.line
    about = {"attempt": line.attempt or None, "actor": line.actor or None}
    waited = {"waited_ns": span.waited_ns} if span.cause else {}
    failed = {"status": {"code": ERROR, "message": _reason(span)}} if _has_failed(span) else {}
    return {
        "traceId": trace.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": (span.parent.span_id if span.parent else trace.root_id).hex(),
        "name": span.hop,
        "kind": _KINDS.get(span.hop, INTERNAL),
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _attributes({**about, **waited, **span.fields}),
        **failed,
    }


def _has_failed(span: Span) -> bool:
    outcome, status = span.fields.get("outcome"), span.fields.get("status")
    return outcome in {"refused", "unknown"} or (isinstance(status, int) and status >= 500)


def _reason(span: Span) -> str:
    return str(span.fields.get("reason", ""))


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in values.items() if value is not None]


def _value(value: object) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case _:
            return {"stringValue": msgspec.json.encode(value).decode()}
