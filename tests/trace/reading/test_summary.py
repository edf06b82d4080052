"""Where the time of many payments goes."""

from __future__ import annotations

from typing import Any

import pytest

from rinha.trace.reading.hop_line import by_payment, parse_line
from rinha.trace.reading.spans import Trace
from rinha.trace.reading.summary import Summary, percentile
from tests.trace.lines import MS, settled, text, uuid


def summary(lines: list[dict[str, Any]]) -> Summary:
    made = Summary()
    for hops in by_payment(hop for each in text(lines).splitlines() if (hop := parse_line(each))):
        made.add(Trace(*hops))
    return made


@pytest.fixture
def hundred() -> Summary:
    """A hundred payments at whose processor 1, 2, … 100 ms pass."""
    return summary([each for ms in range(1, 101) for each in settled(uuid(ms), processor_ms=ms)])


def test_each_hop_has_a_row_in_the_order_of_a_payment_s_way(hundred: Summary) -> None:
    assert [(row.hop, row.number) for row in hundred.rows()] == [
        ("api.request", 100),
        ("bridge.out", 100),
        ("intake.taken", 100),
        ("bridge.back", 100),
        ("backlog.wait", 100),
        ("payment.attempt", 100),
        ("ledger.recorded", 100),
    ]


def test_a_row_has_percentiles_of_what_was_waited_and_took(hundred: Summary) -> None:
    rows = {row.hop: row for row in hundred.rows()}
    assert rows["payment.attempt"].took_ns == (50 * MS, 99 * MS)
    assert rows["payment.attempt"].waited_ns == (round(0.1 * MS), round(0.1 * MS))
    assert rows["api.request"].waited_ns is None


def test_shares_are_of_all_that_was_waited_and_done(hundred: Summary) -> None:
    shares = {row.hop: row.share for row in hundred.rows()}
    assert sum(shares.values()) == pytest.approx(1)
    assert max(shares, key=lambda hop: shares[hop]) == "payment.attempt"
    assert shares["backlog.wait"] == pytest.approx(0.2 * 100 / (5050 + 130), rel=0.01)


def test_people_get_a_table_with_a_sentence_at_its_top(hundred: Summary) -> None:
    lines = list(hundred.lines())
    assert lines[0] == "100 payments: from first hop to last 50.8 ms (p50), 99.8 ms (p99)"
    assert lines[1].startswith("most time goes to payment.attempt: 98 % of all")
    assert " ".join(lines[-2].split()) == "payment.attempt 100 0.1 ms 0.1 ms 50.0 ms 99.0 ms 97.7 %"


def test_incomplete_traces_are_counted(hundred: Summary) -> None:
    lines = settled()
    made = summary([each for each in [*lines, *settled(uuid(1))[3:]]])
    assert "incomplete: 1 of them (50 %) lack hops" in list(made.lines())
    assert "incomplete" not in "".join(hundred.lines())


def test_programs_get_milliseconds(hundred: Summary) -> None:
    found = hundred.as_json()
    assert (found["payments"], found["incomplete"]) == (100, 0)
    hops = found["hops"]
    assert isinstance(hops, list)
    assert hops[0]["waited_ms"] is None
    assert hops[5]["took_ms"] == {"p50": 50.0, "p99": 99.0}


@pytest.mark.parametrize(
    ("count", "percents", "rank"), [(1, 50, 1), (1, 99, 1), (2, 50, 1), (3, 50, 2), (100, 99, 99), (101, 99, 100)]
)
def test_a_percentile_is_a_number_that_is_there(count: int, percents: int, rank: int) -> None:
    assert percentile(list(range(1, count + 1)), percents) == rank
