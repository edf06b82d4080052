"""Log lines on payments in trouble, and on backlogs that are gone: what they say, and how many there are at most."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from actors.intake.people.log_limit import LogLimit
from actors.intake.people.reporting import LINES_PER_S
from actors.messages.health import HealthChanged
from actors.values import Refused, Settled, Unknown
from tests.actors.intake.intake_bench import DOWN, HEALTHY, IntakeBench, payment

if TYPE_CHECKING:
    from actors.messages.settling import Attempt

TEXT = "00000000-0000-0000-0000-000000000001"


@pytest.fixture(autouse=True)
def info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    return [vars(each) for each in caplog.records if each.getMessage() == event]


@pytest.fixture
def sent(ready: IntakeBench) -> Attempt:
    ready.submit(payment(1))
    return ready.attempt()


def test_a_payment_that_becomes_unknown_and_is_found(
    ready: IntakeBench, sent: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    ready.end(sent, Unknown("no answer within 10 s"))
    ready.end(ready.attempt(), Unknown("HTTP 503 to the look-up"))
    (unknown,) = lines(caplog, "payment.unknown")
    assert (unknown["correlationId"], unknown["processor"]) == (TEXT, "default")
    assert unknown["reason"] == "no answer within 10 s"
    ready.world.advance(0.5)
    ready.end(ready.attempt(), Settled(1990, 1))
    (found,) = lines(caplog, "payment.found")
    assert (found["correlationId"], found["processor"]) == (TEXT, "default")
    assert (found["after_s"], found["look_ups"]) == (0.5, 1)


def test_a_payment_that_settles_at_once_is_not_written_of(
    ready: IntakeBench, sent: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    ready.settle(sent)
    assert caplog.records == []


def test_a_parked_one_says_why(ready: IntakeBench, sent: Attempt, caplog: pytest.LogCaptureFixture) -> None:
    ready.end(sent, Refused("HTTP 400", permanent=True))
    ready.end(ready.attempt(), Refused("HTTP 422", permanent=True))
    (parked,) = lines(caplog, "payment.parked")
    assert (parked["correlationId"], parked["reason"]) == (TEXT, "default: HTTP 400; fallback: HTTP 422")
    assert parked["levelno"] == logging.WARNING


def test_an_outage_that_leaves_many_unknown_writes_of_some_and_counts_the_others(
    ready: IntakeBench, caplog: pytest.LogCaptureFixture
) -> None:
    most = LINES_PER_S["payment.unknown"]
    for number in range(most + 7):
        ready.backlog.take(payment(number), ready.world.clock.now_s, suspect=True)
    ready.tell(HealthChanged(DOWN))
    assert len(lines(caplog, "payment.unknown")) == most
    assert lines(caplog, "payment.lines_left_out") == []
    ready.world.advance(1.0)
    (left_out,) = lines(caplog, "payment.lines_left_out")
    assert (left_out["of"], left_out["payments"]) == ("payment.unknown", 7)


class TestDrained:
    def test_a_backlog_that_is_gone(self, ready: IntakeBench, caplog: pytest.LogCaptureFixture) -> None:
        ready.tell(HealthChanged(DOWN))
        ready.submit(*map(payment, range(6)))
        ready.world.advance(3.0)
        ready.tell(HealthChanged(HEALTHY))
        assert lines(caplog, "backlog.drained") == []
        while attempts := ready.attempts():
            ready.world.advance(0.25)
            for attempt in attempts:
                ready.settle(attempt)
        (drained,) = lines(caplog, "backlog.drained")
        assert (drained["payments"], drained["took_s"]) == (6, 0.5)

    def test_what_waits_for_a_moment_is_no_backlog(self, ready: IntakeBench, caplog: pytest.LogCaptureFixture) -> None:
        ready.submit(*map(payment, range(6)))
        while attempts := ready.attempts():
            ready.world.advance(0.2)
            for attempt in attempts:
                ready.settle(attempt)
        assert lines(caplog, "backlog.drained") == []


class TestLogLimit:
    def test_so_many_a_second_and_the_rest_is_counted_once(self) -> None:
        limit = LogLimit(2)
        assert [limit.allows(10.0) for _ in range(4)] == [True, True, False, False]
        assert limit.due_s == 11.0
        assert limit.take_left_out(10.9) == 0
        assert limit.take_left_out(11.0) == 2
        assert limit.take_left_out(12.0) == 0
        assert limit.allows(12.0)
