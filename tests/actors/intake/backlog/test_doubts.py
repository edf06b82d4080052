"""Payments whose outcome stays unknown: who is told of them, and when."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from actors.intake.backlog.doubts import PAUSE_S, WARNING_AFTER_S, WARNINGS_AT_ONCE, Doubts
from actors.intake.backlog.entry import Entry
from actors.messages.health import HealthChanged
from actors.messages.people import RetryParked
from actors.messages.settling import PaymentRecorded
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
        assert ready.reports() == ()

    def test_people_are_told_from_the_start_whether_it_is_looked_into_or_waits_or_is_parked(
        self, ready: IntakeBench, sent: Attempt
    ) -> None:
        (report,) = ready.reports()
        assert (report.state, report.attempts_made) == ("in_flight", 1)
        assert report.attempts[0].outcome == "", "nobody knows yet, but nothing is wrong"
        ready.tell(HealthChanged(DOWN))
        crash = Unknown("its actor crashed in flight", crashed=True)
        ready.end(sent, crash)
        told_ms = ready.world.clock.now_ms()
        (report,) = ready.reports("in_flight")
        assert [each.outcome for each in report.attempts] == ["unknown", ""], "it is looked into"
        ready.end(ready.attempt(), crash)
        (report,) = ready.reports("unknown")
        assert (report.processor, report.requested_at_ms) == ("default", sent.requested_at_ms)
        assert (report.since_ms, report.attempts_made) == (told_ms, 2)
        assert "its actor crashed in flight" in report.why
        ready.world.advance(5.0)
        ready.end(ready.attempt(), crash)
        (report,) = ready.reports("parked")
        assert (report.processor, report.requested_at_ms) == ("default", sent.requested_at_ms)
        ready.intake.ask(RetryParked(), timeout=PATIENCE_S)
        assert ready.reports("parked") == ()
        assert [each.outcome for each in ready.reports()[0].attempts] == ["unknown", "unknown", "unknown", ""]

    def test_one_from_an_earlier_worker_may_be_anywhere(self, ready: IntakeBench) -> None:
        ready.backlog.take(payment(7), ready.world.clock.now_s, suspect=True)
        (report,) = ready.reports("unknown")
        assert (report.payment_id, report.processor, report.requested_at_ms) == (payment(7).payment_id, "", 0)
        assert report.why.startswith(
            "a worker before this one may have sent it: it is looked for at default and fallback"
        )
