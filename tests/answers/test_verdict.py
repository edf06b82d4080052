"""The sentence on how the whole system is: the worst thing first, since when, why, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rinha.answers.verdict import DEGRADED, FAILING, OK, verdict
from rinha.bridge.protocol.wire.overview import HeldPayments, Rate, Refusals
from tests.support.samples import HELD, OVERVIEW, PAYMENT, PROCESSORS

if TYPE_CHECKING:
    from rinha.bridge.protocol.wire.overview import Overview

NOW_MS = PAYMENT.since_ms + 60_000
DEFAULT, FALLBACK = PROCESSORS.processors
WELL = PROCESSORS._replace(processors=(DEFAULT, FALLBACK._replace(healthy=True)))
BOTH_FAIL = PROCESSORS._replace(processors=(DEFAULT._replace(healthy=False), FALLBACK))
MANY_WAIT = HELD._replace(counts={"waiting": 1234})
EMPTY = HELD._replace(counts={})
CALM: dict[str, Any] = {
    "processors": WELL,
    "held": EMPTY,
    "payments": HeldPayments(),
    "missing": (),
    "refused": Refusals(0, {}, ""),
    "settled": Rate(280.4, 4.25, 9.0, 1000),
}


def overview(**changes: Any) -> Overview:
    return OVERVIEW._replace(**CALM | changes)


def test_all_is_well() -> None:
    assert verdict(overview(), NOW_MS) == (
        OK,
        "All is well: 280 payments a second settle at default, half of them within 4.2 ms.",
    )


def test_without_hops_no_latency_is_told() -> None:
    text = verdict(overview(settled=Rate(280.4, None, None, 1000)), NOW_MS).text
    assert text == "All is well: 280 payments a second settle at default."


def test_nothing_to_do_is_well_too() -> None:
    level, text = verdict(overview(settled=Rate(0.0, None, None, 0)), NOW_MS)
    assert level == OK
    assert "none came" in text


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        (
            {
                "processors": BOTH_FAIL,
                "held": MANY_WAIT,
                "refused": Refusals(1, {}, "full (60 of 60)"),
            },
            FAILING,
            ["Nothing settles: both fail.", "1234 payments waiting; probes go on; clients get 503: full (60 of 60)."],
        ),
        (
            {"refused": Refusals(7, {"full": 7}, "full (100,000 of 100,000) since 12:00")},
            FAILING,
            ["Clients get 503: full (100,000 of 100,000)", "refused 7 full"],
        ),
        (
            {"held": HELD._replace(counts={"parked": 1}), "payments": HeldPayments(parked=(PAYMENT,))},
            DEGRADED,
            ["1 payment parked since 08:00:01 UTC: a person must act"],
        ),
        (
            {"processors": PROCESSORS},
            DEGRADED,
            ["Fallback is failing since", "it fails", "Payments go to default at 5 %; a probe."],
        ),
        (
            {"held": HELD._replace(counts={"unknown": 3}), "payments": HeldPayments(unknown=(PAYMENT,))},
            DEGRADED,
            [
                "3 outcomes unknown, the oldest since 08:00:01 UTC: default gave",
                "Next: it is looked up there",
            ],
        ),
        (
            {"held": HELD._replace(counts={"waiting": 5}), "payments": HeldPayments(waiting=(PAYMENT,))},
            DEGRADED,
            ["5 payments waiting, the oldest since 08:00:00 UTC: both fail. Next: probes go on."],
        ),
        ({"settled": Rate(20.0, 900.0, 1500.0, 9)}, DEGRADED, ["It is slow", "over 1.5 s", "backlog"]),
        ({"missing": ("api-2: no answer within 0.5 s",)}, DEGRADED, ["not everybody answers: api-2: no answer"]),
    ],
)
def test_what_is_wrong_is_said_with_since_when_and_what_comes_next(
    changes: dict[str, Any], level: str, words: list[str]
) -> None:
    found = verdict(overview(**changes), NOW_MS)
    assert found.level == level
    assert [each for each in words if each not in found.text] == [], found.text
    assert found.text.endswith(".")
    assert found.text.count(". ") <= 1, "two sentences at most"


def test_an_outcome_that_is_unknown_for_a_moment_is_no_trouble() -> None:
    payments = HeldPayments(unknown=(PAYMENT._replace(since_ms=NOW_MS - 1000),))
    assert verdict(overview(payments=payments), NOW_MS).level == OK
