"""Traces as OTLP JSON lines, one ``TracesData`` a payment, which collectors of OpenTelemetry read (``otlpjsonfile``).

The encoding is https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids in hexadecimal, times as strings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from rinha.trace.ids import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rinha.trace.reading.spans import Span, Trace

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
"""``Span.SpanKind``."""
_KINDS = {
    "api.request": SERVER,
    "bridge.out": PRODUCER,
    "intake.taken": CONSUMER,
    "payment.attempt": CLIENT,
}
_encode = msgspec.json.Encoder().encode
_texts: dict[str, str] = {}
_KEPT_CHARS, _KEPT_MAX = 64, 4096
ERROR = 2
"""``Status.StatusCode``."""


def otlp_line(trace: Trace) -> bytes:
    """Render one trace.

    Returns:
        A JSON object without a line's end. All its spans are below one root, which is below the client's span if that
        sent a ``traceparent``.
    """
    # Written as text: as objects that are encoded then, a million lines take half as long again.
    groups: dict[tuple[str, str], list[str]] = {}
    in_trace, root_id = trace.trace_id.hex(), trace.root_id.hex()
    ids = {span: span.span_id(trace.payment_id).hex() for span in trace.spans}
    for span in trace.spans:
        above = root_id if span.parent is None else ids[span.parent]
        place = f'"traceId":"{in_trace}","spanId":"{ids[span]}","parentSpanId":"{above}"'
        groups.setdefault((span.line.role, span.line.run), []).append(f"{{{place},{_span(span)}}}")
    next(iter(groups.values())).insert(0, _root(trace, in_trace, root_id))
    resources = ",".join(_resource(*process, spans) for process, spans in groups.items())
    return f'{{"resourceSpans":[{resources}]}}'.encode()


def _resource(role: str, run: str, spans: list[str]) -> str:
    about = _attributes({"service.namespace": "rinha", "service.name": role, "service.instance.id": run})
    scope = f'{{"scope":{{"name":"rinha.trace"}},"spans":[{",".join(spans)}]}}'
    return f'{{"resource":{{"attributes":[{about}]}},"scopeSpans":[{scope}]}}'


def _root(trace: Trace, in_trace: str, root_id: str) -> str:
    parent = f'"parentSpanId":"{trace.traceparent.parent_id.hex()}",' if trace.traceparent else ""
    about = _attributes({"correlationId": trace.spans[0].line.correlation_id})
    times = f'"startTimeUnixNano":"{trace.start_ns}","endTimeUnixNano":"{trace.end_ns}"'
    return (
        f'{{"traceId":"{in_trace}","spanId":"{root_id}",{parent}"name":{_text(ROOT)},"kind":{INTERNAL},{times},'
        f'"attributes":[{about}]}}'
    )


def _span(span: Span) -> str:
    line = span.line
    attributes = []
    if line.attempt:
        attributes.append(f'{{"key":"attempt","value":{{"intValue":"{line.attempt}"}}}}')
    if line.actor:
        attributes.append(f'{{"key":"actor","value":{{"stringValue":{_text(line.actor)}}}}}')
    if span.cause is not None:
        attributes.append(f'{{"key":"waited_ns","value":{{"intValue":"{span.waited_ns}"}}}}')
    failed = ""
    if span.fields:
        attributes.append(_attributes(span.fields))
        if _has_failed(span):
            failed = f',"status":{{"code":{ERROR},"message":{_text(_reason(span))}}}'
    kind = _KINDS.get(span.hop, INTERNAL)
    times = f'"startTimeUnixNano":"{span.start_ns}","endTimeUnixNano":"{span.end_ns}"'
    return f'"name":{_text(span.hop)},"kind":{kind},{times},"attributes":[{",".join(attributes)}]{failed}'


def _has_failed(span: Span) -> bool:
    outcome, status = span.fields.get("outcome"), span.fields.get("status")
    return outcome in {"refused", "unknown"} or (isinstance(status, int) and status >= 500)


def _reason(span: Span) -> str:
    return str(span.fields.get("reason", ""))


def _attributes(values: Mapping[str, Any]) -> str:
    return ",".join(f'{{"key":{_text(name)},"value":{{{_value(value)}}}}}' for name, value in values.items())


def _value(value: object) -> str:
    kind = type(value)
    if kind is str:
        return f'"stringValue":{_text(value)}'
    if kind is int:
        return f'"intValue":"{value}"'
    if kind is bool:
        return f'"boolValue":{"true" if value else "false"}'
    if kind is float:
        return f'"doubleValue":{value}'
    return f'"stringValue":{_text(_text(value))}'


def _text(value: object) -> str:
    """A value as JSON; most are texts of a few kinds, which are kept."""
    if type(value) is not str:
        return _encode(value).decode()
    found = _texts.get(value)
    if found is None:
        found = _encode(value).decode()
        if len(value) <= _KEPT_CHARS and len(_texts) < _KEPT_MAX:
            _texts[value] = found
    return found
