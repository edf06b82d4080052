"""Traces for Perfetto and ``chrome://tracing``. The format is checked here; no viewer is opened."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from rinha.trace.reading.chrome import chrome_chunks
from rinha.trace.reading.hop_line import by_payment, parse_line
from rinha.trace.reading.spans import Trace
from tests.trace.lines import START_NS, line, refused_once, settled, text, uuid

SLACK_US = 0.001
"""Microseconds since the epoch have no more digits than that in a JSON number's 53 bits."""


def exported(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    payments = by_payment(hop for each in text(lines).splitlines() if (hop := parse_line(each)))
    traces = sorted((Trace(*hops) for hops in payments), key=lambda trace: trace.start_ns)
    document = json.loads(b"".join(chrome_chunks(traces)))
    check(document)
    events: list[dict[str, Any]] = document["traceEvents"]
    return events


def check(document: dict[str, Any]) -> None:
    """The rules of the format that concern us: required keys by phase, names, nesting, and arrows that hold on."""
    assert set(document) == {"traceEvents", "displayTimeUnit"}
    assert document["displayTimeUnit"] in {"ms", "ns"}
    slices: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    named: set[tuple[int, int]] = set()
    arrows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in document["traceEvents"]:
        place = (event["pid"], event["tid"])
        assert all(type(each) is int for each in place)
        match event["ph"]:
            case "M":
                assert event["name"] in {"process_name", "thread_name"}
                assert event["args"]["name"]
                assert place not in named
                named.add(place)
            case "X":
                assert event["name"]
                assert event["ts"] > 0 <= event["dur"]
                slices[place].append((event["ts"], event["ts"] + event["dur"]))
            case "s" | "f":
                assert event["ph"] == "s" or event["bp"] == "e"
                arrows[event["id"]].append(event)
            case phase:
                raise AssertionError(f"no phase of ours: {phase}")
    for place, taken in slices.items():
        assert place in named
        assert (place[0], 0) in named
        check_nesting(sorted(taken, key=lambda each: (each[0], -each[1])))
    for start, end in arrows.values():
        assert (start["ph"], end["ph"]) == ("s", "f")
        assert (start["name"], start["cat"]) == (end["name"], end["cat"])
        assert start["ts"] <= end["ts"]
        for each in (start, end):
            assert any(
                begin - SLACK_US <= each["ts"] <= over + SLACK_US for begin, over in slices[each["pid"], each["tid"]]
            )


def check_nesting(taken: list[tuple[float, float]]) -> None:
    above: list[float] = []
    for begin, end in taken:
        while above and above[-1] <= begin + SLACK_US:
            above.pop()
        assert not above or end <= above[-1] + SLACK_US, "slices of one thread overlap"
        above.append(end)


def test_a_process_is_a_process_and_an_actor_a_thread() -> None:
    events = exported(refused_once())
    processes = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    assert sorted(processes.values()) == ["payment-api-1", "payment-worker"]
    threads = [(processes[event["pid"]], event["args"]["name"]) for event in events if event["name"] == "thread_name"]
    assert sorted(threads) == [
        ("payment-api-1", "requests"),
        ("payment-worker", "intake"),
        ("payment-worker", "ledger"),
        ("payment-worker", "payment-1"),
        ("payment-worker", "payment-2"),
    ]


def test_hops_are_complete_events_in_microseconds() -> None:
    events = exported(refused_once())
    waits = [event for event in events if event["name"] == "backlog.wait 2"]
    ((at_us, took_us),) = ((event["ts"], event["dur"]) for event in waits)
    assert abs(at_us - (START_NS / 1000 + 2_700)) <= SLACK_US
    assert took_us == 99_800
    assert sum(event["ph"] == "X" for event in events) == len(refused_once())


def test_arrows_lead_from_cause_to_hop() -> None:
    events = exported(refused_once())
    assert sum(event["ph"] == "s" for event in events) == len(refused_once()) - 1
    assert not [event for event in exported([line("api.request", 0, 1, status=503)]) if event["ph"] in "sf"]


def test_payments_that_overlap_at_an_actor_have_a_thread_each() -> None:
    lines = [each for number in range(20) for each in settled(uuid(number + 1), number * 0.1, backlog_ms=5)]
    names = {event["args"]["name"] for event in exported(lines) if event["name"] == "thread_name"}
    assert {"requests", "requests (2)", "intake", "intake (2)"} <= names


def test_payments_one_after_the_other_share_their_threads() -> None:
    lines = [each for number in range(20) for each in settled(uuid(number + 1), number * 10.0)]
    threads = [event for event in exported(lines) if event["name"] == "thread_name"]
    assert len(threads) == 4


def test_clocks_that_differ_make_no_arrow_back_in_time() -> None:
    lines = settled()
    lines[2]["start_ns"] -= 5_000_000
    exported(lines)


def test_no_trace_is_a_document_too() -> None:
    assert exported([]) == []
