"""Payments whose outcome stays unknown: who is told of them, and when."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from actors.intake.backlog.doubts import LISTED_MAX, PAUSE_S, WARNING_AFTER_S, WARNINGS_AT_ONCE, Doubts, listed
from actors.intake.backlog.entry import Entry
from actors.messages.health import HealthChanged
from actors.messages.people import GetUnknown, RetryParked
from actors.messages.settling import PaymentRecorded
from actors.reports import UnknownPayment
from actors.values import Settled, Unknown
from tests.actors.intake.intake_bench import DOWN, IntakeBench, payment
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from actors.messages.settling import Attempt


def entries(count: int) -> list[Entry]:
    return [Entry(payment(number), 0.0) for number in range(count)]


class TestDoubts:
    def test_each_is_named_once_when_it_has_been_unknown_for_long(self) -> None:
        doubts, (one, two) = Doubts(), entries(2)
        doubts.begin(one, 10.0)
        doubts.begin(two, 15.0)
        doubts.begin(one, 20.0)
        assert doubts.due_s == 10.0 + WARNING_AFTER_S
        assert doubts.overdue(9.9 + WARNING_AFTER_S) == []
        assert doubts.overdue(10.0 + WARNING_AFTER_S) == [one]
        assert doubts.overdue(60.0) == [two]
        assert not doubts

    def test_one_that_is_known_in_time_is_not_named(self) -> None:
        doubts, (one,) = Doubts(), entries(1)
        doubts.begin(one, 10.0)
        one.unknown_since_s = None
        assert doubts.due_s is None
        doubts.begin(one, 30.0)
        assert doubts.due_s == 30.0 + WARNING_AFTER_S, "it counts from when it became unknown again"

    def test_many_are_named_in_portions(self) -> None:
        doubts, many = Doubts(), entries(WARNINGS_AT_ONCE + 1)
        for each in many:
            doubts.begin(each, 0.0)
        assert doubts.overdue(40.0) == many[:-1]
        assert doubts.due_s == 40.0 + PAUSE_S
        assert doubts.overdue(40.0 + PAUSE_S) == many[-1:]

    def test_those_in_doubt_for_longest_are_listed_first(self) -> None:
        many = entries(LISTED_MAX + 2)
        for age, each in enumerate(many):
            each.unknown_since_s = 100.0 - age
        found = listed(many, 100.0)
        assert [each.unknown_s for each in found] == [float(LISTED_MAX + 1 - each) for each in range(LISTED_MAX)]


class TestIntake:
    @pytest.fixture
    def sent(self, ready: IntakeBench) -> Attempt:
        ready.submit(payment(1))
        return ready.attempt()

    def warnings(self, caplog: pytest.LogCaptureFixture) -> list[Any]:
        return [each for each in caplog.records if each.getMessage() == "payment.outcome_unknown"]

    def keep_unknown(self, ready: IntakeBench, seconds: float) -> None:
        for _ in range(round(seconds)):
            for attempt in ready.attempts():
                ready.end(attempt, Unknown("HTTP 422, and no row"))
            ready.world.advance(1.0)

    def unknown(self, ready: IntakeBench) -> tuple[UnknownPayment, ...]:
        found: tuple[UnknownPayment, ...] = ready.intake.ask(GetUnknown(), timeout=PATIENCE_S)
        return found

    def test_a_payment_that_stays_unknown_is_named_once_with_the_reason(
        self, ready: IntakeBench, sent: Attempt, caplog: pytest.LogCaptureFixture
    ) -> None:
        ready.end(sent, Unknown("HTTP 422, and no row"))
        self.keep_unknown(ready, WARNING_AFTER_S - 1)
        assert self.warnings(caplog) == []
        self.keep_unknown(ready, 60.0)
        (warning,) = self.warnings(caplog)
        assert warning.levelno == logging.WARNING
        assert (warning.correlationId, warning.processor, warning.reason) == (
            "00000000-0000-0000-0000-000000000001",
            "default",
            "HTTP 422, and no row",
        )

    def test_nobody_is_told_of_one_that_settles_within_the_time(
        self, ready: IntakeBench, sent: Attempt, caplog: pytest.LogCaptureFixture
    ) -> None:
        ready.end(sent, Unknown("no answer within 10 s"))
        self.keep_unknown(ready, 20.0)
        ready.world.advance(5.0)
        ready.end(ready.attempt(), Settled(1990, 1))
        ready.tell(PaymentRecorded(sent.payment.payment_id, 0))
        ready.world.advance(60.0)
        assert self.warnings(caplog) == []
        assert not ready.backlog.outcomes.doubts

    def test_it_is_told_in_time_though_nothing_else_happens(
        self, ready: IntakeBench, sent: Attempt, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Its next look-up waits for an answer that doesn't come."""
        ready.end(sent, Unknown("no answer within 10 s"))
        ready.attempt()
        ready.world.advance(WARNING_AFTER_S)
        assert len(self.warnings(caplog)) == 1

    def test_a_crash_of_the_intake_costs_no_warning(
        self, ready: IntakeBench, sent: Attempt, caplog: pytest.LogCaptureFixture
    ) -> None:
        ready.end(sent, Unknown("no answer within 10 s"))
        ready.attempt()
        ready.tell("nonsense")
        ready.world.advance(WARNING_AFTER_S)
        assert len(self.warnings(caplog)) == 1

    def test_a_purge_forgets_its_doubts(
        self, ready: IntakeBench, sent: Attempt, caplog: pytest.LogCaptureFixture
    ) -> None:
        ready.end(sent, Unknown("no answer within 10 s"))
        ready.purge()
        ready.world.advance(60.0)
        assert self.warnings(caplog) == []
        assert self.unknown(ready) == ()

    def test_it_is_listed_from_the_start_whether_it_waits_or_is_looked_into_or_parked(
        self, ready: IntakeBench, sent: Attempt
    ) -> None:
        assert self.unknown(ready) == (), "nobody knows yet, but nothing is wrong"
        crash = Unknown("its actor crashed in flight", crashed=True)
        ready.end(sent, crash)
        expected = UnknownPayment(payment(1), "default", sent.requested_at_ms, 0.0, "its actor crashed in flight")
        assert self.unknown(ready) == (expected,), "it is looked into"
        ready.tell(HealthChanged(DOWN))
        for _ in range(2):
            ready.end(ready.attempt(), crash)
            ready.world.advance(5.0)
        assert ready.statistics().parked == 1
        assert self.unknown(ready) == (expected._replace(unknown_s=10.0),)
        ready.intake.ask(RetryParked(), timeout=PATIENCE_S)
        assert ready.statistics().parked == 0
        assert len(self.unknown(ready)) == 1

    def test_one_from_an_earlier_worker_may_be_anywhere(self, ready: IntakeBench) -> None:
        ready.backlog.take(payment(7), ready.world.clock.now_s, suspect=True)
        reason = "a worker before this one may have sent it"
        assert self.unknown(ready) == (UnknownPayment(payment(7), "", 0, 0.0, reason),)
