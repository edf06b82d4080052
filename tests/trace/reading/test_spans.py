"""The tree of a payment's hops: parents, waits, ids, and what is missing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from rinha.trace.ids import trace_id
from rinha.trace.reading.bars import longest, totals
from rinha.trace.reading.hop_line import parse_line
from rinha.trace.reading.spans import Trace
from tests.trace.lines import API, ID, MS, WORKER, attempt, line, refused_once, settled, text

if TYPE_CHECKING:
    from rinha.trace.reading.spans import Span

ID_BYTES = bytes.fromhex(ID.replace("-", ""))


def trace(lines: list[dict[str, Any]], silent: dict[str, list[str]] | None = None) -> Trace:
    hops = [hop for each in text(lines).splitlines() if (hop := parse_line(each))]
    assert len(hops) == len(lines)
    return Trace(hops[0].payment_id, hops, silent)


def span(found: Trace, hop: str, number: int = 0) -> Span:
    return next(each for each in found.spans if each.hop == hop and each.line.attempt == number)


def parents(found: Trace) -> dict[str, str]:
    return {
        f"{each.hop} {each.line.attempt}": f"{each.parent.hop} {each.parent.line.attempt}" if each.parent else ""
        for each in found.spans
    }


def test_hops_form_one_tree_whatever_their_order() -> None:
    lines = refused_once()
    random.Random(1).shuffle(lines)
    assert parents(trace(lines)) == {
        "api.request 0": "",
        "bridge.out 0": "api.request 0",
        "intake.taken 0": "bridge.out 0",
        "bridge.back 0": "intake.taken 0",
        "backlog.wait 1": "intake.taken 0",
        "payment.attempt 1": "backlog.wait 1",
        "backlog.wait 2": "intake.taken 0",
        "payment.attempt 2": "backlog.wait 2",
        "ledger.recorded 2": "payment.attempt 2",
    }


def test_a_wait_is_from_the_end_of_the_cause_to_the_start() -> None:
    found = trace(refused_once())
    assert span(found, "intake.taken").waited_ns == round(0.3 * MS)
    assert span(found, "payment.attempt", 1).waited_ns == round(0.1 * MS)
    assert span(found, "payment.attempt", 2).waited_ns == round(0.1 * MS)
    assert span(found, "ledger.recorded", 2).waited_ns == round(0.2 * MS)


def test_what_a_second_attempt_comes_after_is_the_first() -> None:
    found = trace(refused_once())
    assert span(found, "backlog.wait", 2).cause is span(found, "payment.attempt", 1)
    assert span(found, "backlog.wait", 2).waited_ns == 0


def test_with_a_journal_what_follows_comes_after_the_commit() -> None:
    lines = [*settled()[:3], line("journal.stored", 0.5, 4.0, actor="journal"), line("bridge.back", 4.7)]
    found = trace(lines)
    assert span(found, "bridge.back").waited_ns == round(0.2 * MS)
    assert span(found, "journal.stored").waited_ns == round(0.1 * MS)


def test_a_request_s_own_time_is_what_its_answer_did_not_wait_for() -> None:
    assert span(trace(settled()), "api.request").own_ns == round(0.3 * MS)


def test_the_longest_bar_has_a_name() -> None:
    bar = longest(trace(refused_once()))
    assert bar is not None
    assert (bar.name, bar.took_ns, bar.span.line.attempt) == ("backlog", round(99.8 * MS), 2)
    for lines, name in (
        (settled(processor_ms=50), "processor"),
        ([*settled()[:3], line("journal.stored", 0.5, 40, actor="journal")], "disk"),
        ([*settled()[:2], line("intake.taken", 90, actor="intake")], "mailbox"),
        ([line("api.request", 0, 9, status=503)], "API"),
    ):
        found = longest(trace(lines))
        assert found is not None
        assert found.name == name


def test_time_that_nothing_takes_is_no_bar() -> None:
    lines = [line("purged", 0, actor="intake")]
    assert longest(trace(lines)) is None
    assert totals(trace(lines).spans) == {}


def test_a_span_s_id_is_the_same_in_every_viewer_and_unlike_all_others() -> None:
    lines = refused_once()
    ids = [each.span_id(each.line.payment_id) for each in trace(lines).spans]
    assert len(set(ids)) == len(ids)
    assert {len(each) for each in ids} == {8}
    alone = trace([lines[-1]])
    assert alone.spans[0].span_id(alone.payment_id) == ids[-1]
    again = trace([{**lines[-1], "run": "00000000000000c3"}])
    assert again.spans[0].span_id(again.payment_id) != ids[-1]


def test_a_line_that_was_written_twice_is_one_span() -> None:
    assert len(trace(settled() * 2).spans) == len(settled())


def test_a_client_s_repeat_at_the_same_api_is_a_second_request_below_the_same_root() -> None:
    found = trace([*settled(), line("api.request", 700, 0.4, status=202)])
    first, second = (each for each in found.spans if each.hop == "api.request")
    assert first.span_id(found.payment_id) != second.span_id(found.payment_id)
    assert (first.parent, second.parent) == (None, None)


def test_of_two_requests_each_hop_belongs_to_that_of_its_own_process() -> None:
    other = ("payment-api-2", "00000000000000a2")
    found = trace([*settled(), line("api.request", 0.05, 0.8, process=other), line("bridge.out", 0.2, process=other)])
    for each in found.spans:
        if each.hop == "bridge.out":
            assert each.parent is not None
            assert each.parent.line.role == each.line.role


def test_a_start_before_that_of_the_cause_is_no_wait_and_is_known() -> None:
    lines = settled()
    lines[2]["start_ns"] -= 1 * MS
    early = span(trace(lines), "intake.taken")
    assert (early.waited_ns, early.is_early) == (0, True)
    assert not span(trace(settled()), "bridge.out").is_early


def test_a_trace_is_the_payment_s_or_the_client_s() -> None:
    assert trace(settled()).trace_id == ID_BYTES
    lines = settled()
    lines[0]["fields"]["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    found = trace(lines)
    assert found.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert found.traceparent is not None
    assert found.traceparent.parent_id.hex() == "b7ad6b7169203331"
    lines[0]["fields"]["traceparent"] = "nonsense"
    assert trace(lines).trace_id == ID_BYTES


def test_the_nil_uuid_is_hashed() -> None:
    found = trace(settled("00000000-0000-0000-0000-000000000000"))
    assert found.trace_id == trace_id(bytes(16)) != bytes(16)


def test_whole_traces_lack_nothing() -> None:
    assert trace(settled()).missing == []
    assert trace(refused_once()).missing == []
    assert trace([line("api.request", 0, 0.1, status=503)]).missing == []


def test_what_is_missing_is_said_with_who_has_nothing_of_it() -> None:
    worker = [each for each in settled() if each["role"] == WORKER[0]]
    assert trace(worker).missing == ["nothing from an API: its lines aren't among these, or were dropped"]
    assert trace(worker, {"api": ["payment-api-1", "payment-api-2"]}).missing == [
        "nothing from payment-api-1, payment-api-2: the ring has gone on"
    ]
    api = [each for each in settled() if each["role"] == API[0]]
    assert "nothing from payment-worker: the ring has gone on" in trace(api, {"worker": ["payment-worker"]}).missing


def test_a_hop_without_its_parent_is_below_the_next_one_up() -> None:
    lines = [each for each in refused_once() if (each["hop"], each.get("attempt")) != ("backlog.wait", 2)]
    found = trace(lines)
    assert found.missing == ["no backlog.wait of attempt 2: it has left the ring, or was dropped"]
    assert parents(found)["payment.attempt 2"] == "intake.taken 0"


def test_a_hop_that_this_version_does_not_know_is_below_the_root() -> None:
    assert parents(trace([*settled(), line("moon.reached", 9, 1)]))["moon.reached 0"] == ""


def test_a_payment_ends_in_the_books_parked_purged_or_refused() -> None:
    assert trace(settled()).has_ended
    assert not trace(settled()[:-1]).has_ended
    parked = [*settled()[:5], attempt(0.7, 1, 1, "default", "refused"), line("parked", 2, actor="intake")]
    assert trace(parked).has_ended
    assert not trace([*parked, line("retried", 900, actor="intake")]).has_ended
    assert trace([line("api.request", 0, 0.1, status=503)]).has_ended
    assert not trace(settled()[:2]).has_ended


def test_refused_unknown_and_parked_count_as_failed() -> None:
    assert not trace(settled()).has_failed
    assert trace(refused_once()).has_failed
    assert trace([*settled()[:5], attempt(0.7, 1, 1, "default", "unknown")]).has_failed
    assert trace([line("parked", 2, actor="intake")]).has_failed
    assert trace([line("api.request", 0, 0.1, status=503)]).has_failed
