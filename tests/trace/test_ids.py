"""The ids of traces and spans, and the header that carries them."""

from __future__ import annotations

import pytest

from rinha.trace.ids import ROOT, TraceParent, parse_traceparent, span_id, trace_id

ID = bytes(range(16))
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_a_payments_own_bytes_are_its_trace_id() -> None:
    assert trace_id(ID) == ID


def test_the_nil_uuid_is_hashed_because_the_standard_forbids_it() -> None:
    assert trace_id(bytes(16)) == trace_id(bytes(16)) != bytes(16)
    assert len(trace_id(bytes(16))) == 16


def test_a_span_has_the_same_id_for_everybody_and_another_one_for_whatever_differs() -> None:
    first = span_id(ID, "payment.attempt", 1, "payment-worker", "00ff")
    assert first == span_id(ID, "payment.attempt", 1, "payment-worker", "00ff")
    others = [
        span_id(bytes(16), "payment.attempt", 1, "payment-worker", "00ff"),
        span_id(ID, "backlog.wait", 1, "payment-worker", "00ff"),
        span_id(ID, "payment.attempt", 2, "payment-worker", "00ff"),
        span_id(ID, "payment.attempt", 1, "api-1", "00ff"),
        span_id(ID, "payment.attempt", 1, "payment-worker", "00fe"),
        span_id(ID, ROOT),
    ]
    assert len({first, *others}) == 7
    assert {len(each) for each in others} == {8}


@pytest.mark.parametrize(
    ("text", "flags", "sampled"),
    [
        (f"00-{TRACE}-{PARENT}-01", 1, True),
        (f"00-{TRACE}-{PARENT}-00", 0, False),
        (f"00-{TRACE}-{PARENT}-fe", 0xFE, False),
        (f" 00-{TRACE}-{PARENT}-01\t", 1, True),
        (f"cc-{TRACE}-{PARENT}-01", 1, True),
        (f"cc-{TRACE}-{PARENT}-01-what-comes", 1, True),
    ],
)
def test_a_callers_place_is_read(text: str, flags: int, sampled: bool) -> None:
    found = parse_traceparent(text)
    assert found == TraceParent(bytes.fromhex(TRACE), bytes.fromhex(PARENT), flags)
    assert found.sampled is sampled
    assert str(found) == f"00-{TRACE}-{PARENT}-{flags:02x}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}-01-",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{TRACE[:-1]}g-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-1",
        f"00-{TRACE}-{PARENT}-01\n",
        f"00_{TRACE}_{PARENT}_01",
        f"cc-{TRACE}-{PARENT}-01more",
        f"0\N{ARABIC-INDIC DIGIT ZERO}-{TRACE}-{PARENT}-01",
    ],
)
def test_what_is_malformed_is_ignored(text: str) -> None:
    assert parse_traceparent(text) is None
