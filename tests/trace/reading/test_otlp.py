"""Traces for OpenTelemetry: each line is a ``TracesData`` of opentelemetry-proto, and one tree."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict  # type: ignore[import-untyped]
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

from rinha.trace.reading.hop_line import parse_line
from rinha.trace.reading.otlp import otlp_line
from rinha.trace.reading.spans import Trace
from tests.trace.lines import API, ID, START_NS, WORKER, line, refused_once, settled, text

CLIENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CASES = {
    "settled": settled(),
    "refused once": refused_once(),
    "repeated": [*settled(), line("api.request", 700, 0.4, status=202)],
    "the worker's part alone": [each for each in settled() if each["role"] == WORKER[0]],
    "of a client with a trace": [line("api.request", 0, 0.1, status=503, traceparent=CLIENT)],
    "nil": settled("00000000-0000-0000-0000-000000000000"),
    "odd fields": [line("moon.reached", 0, 1, at=1.5, of=[1, 2], ok=True, so={"a": None})],
}


def exported(lines: list[dict[str, Any]]) -> Any:
    hops = [hop for each in text(lines).splitlines() if (hop := parse_line(each))]
    written = otlp_line(Trace(hops[0].payment_id, hops))
    assert b"\n" not in written
    return json.loads(written)


def in_base64(value: Any, key: str = "") -> Any:
    """Protobuf's own JSON has bytes in base64, OTLP's has ids in hexadecimal."""
    if isinstance(value, dict):
        return {name: in_base64(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [in_base64(each) for each in value]
    if key in {"traceId", "spanId", "parentSpanId"}:
        assert value == value.lower()
        return base64.b64encode(bytes.fromhex(value)).decode()
    return value


def parsed(lines: list[dict[str, Any]]) -> list[Any]:
    data = ParseDict(in_base64(exported(lines)), TracesData())
    return [span for each in data.resource_spans for scope in each.scope_spans for span in scope.spans]


@pytest.mark.parametrize("case", CASES)
def test_each_line_is_a_whole_tree(case: str) -> None:
    spans = parsed(CASES[case])
    assert len(spans) == len(CASES[case]) + 1
    assert {len(span.trace_id) for span in spans} == {16}
    assert {len(span.span_id) for span in spans} == {8}
    assert len({span.trace_id for span in spans}) == 1
    ids = {span.span_id for span in spans}
    assert len(ids) == len(spans)
    (root,) = (span for span in spans if span.parent_span_id not in ids)
    assert root.name == "payment"
    assert all(any(span.trace_id) and any(span.span_id) for span in spans)


@pytest.mark.parametrize("case", CASES)
def test_times_are_strings_of_nanoseconds_and_the_root_spans_all(case: str) -> None:
    for resource in exported(CASES[case])["resourceSpans"]:
        for span in resource["scopeSpans"][0]["spans"]:
            assert isinstance(span["startTimeUnixNano"], str)
            assert isinstance(span["endTimeUnixNano"], str)
    spans = parsed(CASES[case])
    root = next(span for span in spans if span.name == "payment")
    assert root.start_time_unix_nano == START_NS + (0 if case != "the worker's part alone" else 400_000)
    assert root.end_time_unix_nano == max(span.end_time_unix_nano for span in spans)
    assert all(span.start_time_unix_nano >= root.start_time_unix_nano for span in spans)


def test_a_client_s_span_is_above_the_root() -> None:
    root, _ = parsed(CASES["of a client with a trace"])
    assert root.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert root.parent_span_id.hex() == "b7ad6b7169203331"
    (root, *_) = parsed(CASES["settled"])
    assert root.parent_span_id == b""


def test_a_process_is_a_resource() -> None:
    data = ParseDict(in_base64(exported(settled())), TracesData())
    found = [{each.key: each.value.string_value for each in group.resource.attributes} for group in data.resource_spans]
    assert [(each["service.name"], each["service.instance.id"]) for each in found] == [API, WORKER]


def test_what_a_hop_is_shows_in_kind_status_and_attributes() -> None:
    spans = {(span.name, span.start_time_unix_nano): span for span in parsed(refused_once())}
    request = next(span for (name, _), span in spans.items() if name == "api.request")
    refused, settled_ = (span for (name, _), span in sorted(spans.items()) if name == "payment.attempt")
    assert (request.kind, refused.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT)
    assert refused.status.code == Status.STATUS_CODE_ERROR
    assert refused.status.message == "HTTP 500, empty body"
    assert settled_.status.code == Status.STATUS_CODE_UNSET
    attributes = {each.key: each.value for each in refused.attributes}
    assert attributes["processor"].string_value == "default"
    assert attributes["attempt"].int_value == 1
    assert attributes["waited_ns"].int_value == 100_000


def test_the_payment_s_id_is_on_the_root() -> None:
    root = parsed(settled())[0]
    assert {each.key: each.value.string_value for each in root.attributes} == {"correlationId": ID}
