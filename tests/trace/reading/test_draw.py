"""What a person sees of a trace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from rinha.trace.reading.draw import Look, draw
from rinha.trace.reading.hop_line import parse_line
from rinha.trace.reading.spans import Trace
from rinha.trace.reading.words import as_json, duration
from tests.trace.lines import ID, MS, attempt, line, refused_once, settled, text

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAIN = Look()
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def trace(lines: list[dict[str, Any]], silent: Mapping[str, list[str]] | None = None) -> Trace:
    hops = [hop for each in text(lines).splitlines() if (hop := parse_line(each))]
    return Trace(hops[0].payment_id, hops, silent)


def drawn(lines: list[dict[str, Any]], look: Look = PLAIN) -> list[str]:
    return list(draw(trace(lines), look))


def row(picture: list[str], hop: str) -> str:
    return next(each for each in picture if each.strip().startswith(hop))


def test_the_top_says_what_became_of_it_and_where_the_time_went() -> None:
    top = drawn(refused_once())
    assert top[0] == f"{ID}  settled at fallback, from 2026-11-26T08:00:00.123Z"
    assert top[1] == (
        "104.6 ms, of it 99.8 ms (95 %) backlog: waited for its turn (attempt 2): default had refused it "
        "(HTTP 500, empty body)"
    )
    assert top[2].startswith("spent: backlog 100.0 ms, processor 3.8 ms, mailbox")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (settled(processor_ms=50), "processor: default took so long (attempt 1: settled)"),
        ([*settled()[:3], line("journal.stored", 0.5, 40, actor="journal")], "disk: until the journal had it on disk"),
        (
            [*settled()[:2], line("intake.taken", 90, actor="intake", mailbox=412)],
            "mailbox: between the API and worker/intake: linger, wire and its mailbox (412 messages were behind it)",
        ),
        (
            [*settled()[:5], attempt(70, 1, 1, "default", "settled")],
            "mailbox: waited for worker/payment-1 to come to payment.attempt 1",
        ),
        ([line("api.request", 0, 9, status=503)], "API: payment-api-1 itself, beside what its answer waited for"),
        (
            [*settled()[:4], line("backlog.wait", 0.4, 90, 1, "intake", why="HTTP 429")],
            "backlog: waited for its turn (attempt 1): HTTP 429",
        ),
        (
            [*settled()[:5], line("parked", 3, actor="intake"), line("retried", 9000, actor="intake")],
            "parked: waited for a person to let it try again",
        ),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else "",
)
def test_the_longest_bar_is_explained(lines: list[dict[str, Any]], words: str) -> None:
    assert words in drawn(lines)[1]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (settled(), "settled at default"),
        (settled()[:3], "not settled yet, as far as is on record"),
        ([*settled()[:5], attempt(1, 1, 1, "default", "unknown")], "not settled yet: its last attempt was unknown"),
        ([*settled()[:5], line("parked", 3, actor="intake")], "parked"),
        ([*settled()[:5], line("purged", 3, actor="intake")], "purged"),
        ([line("parked", 3), line("retried", 9)], "not settled yet: it was parked, and may try again"),
        ([line("api.request", 0, 1, status=503)], "refused by the API"),
    ],
)  # fmt: skip
def test_how_it_stands_is_said(lines: list[dict[str, Any]], words: str) -> None:
    assert drawn(lines)[0].partition("  ")[2].rpartition(", from")[0] == words


def test_every_hop_has_a_row_with_its_place_start_wait_and_time() -> None:
    picture = drawn(refused_once())
    assert row(picture, "payment.attempt 2").split()[:8] == [
        "payment.attempt", "2", "worker/payment-2", "102.6", "ms", "0.1", "ms", "1.8",
    ]  # fmt: skip
    assert sum("█" in each or "▏" in each for each in picture) == len(refused_once())
    assert "     · posted to default: refused, HTTP 500, empty body" in picture


def test_a_bar_is_as_long_as_its_share() -> None:
    picture = drawn(refused_once())
    assert row(picture, "backlog.wait 2").count("█") >= 28
    assert "█" not in row(picture, "payment.attempt 2")


def test_a_tiny_bar_has_its_number_beside_it() -> None:
    picture = drawn(refused_once())
    assert row(picture, "backlog.wait 1").endswith("▏0.2 ms")
    assert row(picture, "payment.attempt 2").endswith(" 1.8 ms▏")


@pytest.mark.parametrize("columns", [80, 100, 160])
def test_no_bar_is_wider_than_the_terminal(columns: int) -> None:
    lines = [*settled()[:2], line("intake.taken", 90, actor="intake"), *refused_once()[6:]]
    for each in drawn(lines, Look(columns))[4:]:
        assert len(each) <= columns


def test_colours_change_nothing_else() -> None:
    plain = drawn(refused_once())
    coloured = drawn(refused_once(), Look(has_colours=True))
    assert plain != coloured
    assert [ESCAPE.sub("", each) for each in coloured] == plain


def test_where_nothing_but_ascii_can_be_shown_all_of_it_is() -> None:
    picture = drawn(refused_once(), Look(is_ascii=True))
    assert all(each.isascii() for each in picture)
    assert row(picture, "backlog.wait 2").count("#") >= 28


def test_what_is_missing_is_said_and_that_it_goes_on() -> None:
    picture = drawn([each for each in settled() if each["hop"] == "intake.taken"])
    assert "incomplete: nothing from an API: its lines aren't among these, or were dropped" in picture
    goes_on = "goes on: nothing on record after 2026-11-26T08:00:00.123Z; `rinha payment 4a7901b8`"
    assert any(goes_on in each for each in picture)
    assert not any("incomplete" in each or "goes on" in each for each in drawn(settled()))


def test_clocks_that_differ_are_said() -> None:
    lines = settled()
    lines[2]["start_ns"] -= 1 * MS
    picture = drawn(lines)
    assert any("began before its cause: the clocks of two processes differ" in each for each in picture)


def test_nothing_in_a_trace_steers_the_terminal() -> None:
    lines = [*settled()[:5], attempt(1, 99, 1, "default", "refused", reason="\x1b[2Jgone\nfor good")]
    assert all(each.isprintable() for each in drawn(lines))


@pytest.mark.parametrize(
    ("nanoseconds", "words"),
    [
        (0, "0"),
        (999, "999 ns"),
        (1_000, "1.0 µs"),
        (49_900, "49.9 µs"),
        (100_000, "0.1 ms"),
        (99_800_000, "99.8 ms"),
        (1_500_000_000, "1.50 s"),
        (123_400_000_000, "123.4 s"),
    ],
)
def test_a_duration_has_a_unit(nanoseconds: int, words: str) -> None:
    assert duration(nanoseconds) == words


def test_a_program_gets_the_same_in_fields() -> None:
    found = as_json(trace(refused_once()))
    assert found["correlationId"] == ID
    assert (found["took_ms"], found["has_ended"], found["missing"]) == (104.6, True, [])
    assert found["longest"] == {
        "name": "backlog",
        "took_ms": 99.8,
        "why": "waited for its turn (attempt 2): default had refused it (HTTP 500, empty body)",
    }
    spans = found["spans"]
    assert isinstance(spans, list)
    assert {each["parent_id"] for each in spans} - {each["span_id"] for each in spans} == {
        trace(refused_once()).root_id.hex()
    }
    assert spans[-2]["fields"] == {"processor": "fallback", "step": "post", "outcome": "settled"}
    assert spans[0]["waited_ms"] is None
