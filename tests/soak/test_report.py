"""What a soak's report says is wrong."""

from __future__ import annotations

import msgspec
import pytest

from tests.soak.report import Report, table

GOOD = Report(
    store="sqlite",
    seed=7,
    seconds=600.0,
    per_s=200.0,
    strikes={"worker killed": 3},
    pairs=[["worker killed at 0.10 for 1.00", "default slow at 0.20 for 2.00"]],
    sent=1000,
    turned_away=0,
    gave_up=2,
    answers={0: 3, 202: 998, 503: 40},
    rows={"default": 900, "fallback": 98},
    longest_gap_s=1.25,
    settled_after_s=0.5,
    differences={},
    examples=[],
    unbalanced=0,
    samples=500,
    ends={"worker killed": 3, "worker drained with 1": 1},
    complaints={"journal.unavailable": 2},
    left={},
)


def test_nothing_is_wrong_with_faults_that_did_no_harm() -> None:
    assert GOOD.faults == []
    assert "| books | agree |" in table([GOOD])
    assert "| wrong | nothing |" in table([GOOD])


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ({"differences": {"lost": 2}}, "2 lost"),
        ({"settled_after_s": None}, "not settled"),
        ({"unbalanced": 1}, "1 unbalanced counts"),
        ({"complaints": {"actor.dead_letter": 4}}, "4 dead letters"),
        ({"complaints": {"actor.crashed": 1}}, "1 crashes"),
        ({"ends": {"worker failed with 1": 2}}, "2 times worker failed with 1"),
        ({"ends": {"worker not drained within 5 s": 1}}, "1 times worker not drained within 5 s"),
    ],
)
def test_harm_is_said(harm: dict[str, object], said: str) -> None:
    report = msgspec.structs.replace(GOOD, **harm)
    assert report.faults == [said]
    assert f"| {said} |" in table([report])


def test_stores_stand_side_by_side() -> None:
    first, *_ = table([GOOD, msgspec.structs.replace(GOOD, store="postgres")]).splitlines()
    assert first == "|  | sqlite | postgres |"
