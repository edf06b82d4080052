"""A person says how a payment ended that doesn't end by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.intake.backlog.entry import LONGEST_DELAY_S
from actors.intake.backlog.holds import HOLD_S
from actors.intake.dispatch.choice import DUE
from actors.messages.health import HealthChanged
from actors.messages.people import Close, CloseAnswered, CloseFailed, ClosePayment, RetryParked
from actors.messages.sessions import VerdictsGiven
from actors.messages.settling import PaymentRecorded, RecordPayment
from actors.reports import CloseAnswer, CloseResult
from actors.values import Refused, Step, Unknown, Verdict
from tests.actors.intake.intake_bench import DOWN, HEALTHY, IntakeBench, payment
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from actors.messages.settling import Attempt
    from actors.reports import Statistics

ID = payment(1).payment_id
SETTLED = Close(ID, "default", 2000, 1_752_582_896_000, "ada", "seen in default's books")
NOT_SETTLED = Close(ID, "", 0, 0, "ada", "default says that it never was")
CLOSED = CloseAnswer(CloseResult.CLOSED)


def close(bench: IntakeBench, order: Close) -> CloseAnswer:
    asker = bench.world.probe("asker")
    bench.tell(ClosePayment(order, asker.reference))
    (answered,) = asker.of(CloseAnswered)
    answer: CloseAnswer = answered.answer
    return answer


def held(counts: Statistics) -> tuple[int, ...]:
    return counts.waiting, counts.in_flight, counts.unknown, counts.parked


@pytest.fixture
def sent(ready: IntakeBench) -> Attempt:
    ready.submit(payment(1))
    return ready.attempt()


@pytest.fixture
def doubtful(ready: IntakeBench, sent: Attempt) -> Attempt:
    """A payment whose processor is asked for it now and then, and posted nothing: it is unhealthy."""
    ready.tell(HealthChanged(DOWN))
    ready.end(sent, Unknown("HTTP 422, and no row"))
    ready.end(ready.attempt(), Unknown("HTTP 503"))
    return sent


@pytest.fixture
def old(ready: IntakeBench, doubtful: Attempt) -> Attempt:
    """The same, so long after its post that no processor may still commit it."""
    for _ in range(7):
        ready.world.advance(1.0)
        for attempt in ready.attempts():
            ready.end(attempt, Unknown("HTTP 503"))
    assert ready.statistics().unknown == 1
    return doubtful


@pytest.mark.usefixtures("old")
class TestSettled:
    def test_it_goes_into_the_books_with_those_values(self, ready: IntakeBench) -> None:
        assert close(ready, SETTLED) == CLOSED
        (record,) = ready.ledger.of(RecordPayment)
        assert record[:5] == (ID, "default", 2000, 1_752_582_896_000, 0)
        assert ready.statistics().in_flight == 1
        ready.tell(PaymentRecorded(ID, 0))
        counts = ready.statistics()
        assert (counts.settled, counts.written_off, held(counts)) == (1, 0, (0, 0, 0, 0))

    def test_it_is_final(self, ready: IntakeBench) -> None:
        close(ready, SETTLED)
        ready.tell(PaymentRecorded(ID, 0))
        for order in (SETTLED, NOT_SETTLED):
            assert close(ready, order) == CloseAnswer(CloseResult.SETTLED)
        ready.tell(HealthChanged(HEALTHY))
        ready.world.advance(120.0)
        assert ready.attempts() == []
        assert ready.reports() == ()

    def test_the_processor_must_be_one_of_ours(self, ready: IntakeBench) -> None:
        order = SETTLED._replace(processor="third")
        assert close(ready, order) == CloseAnswer(CloseResult.NO_PROCESSOR)
        assert ready.statistics().unknown == 1


@pytest.mark.usefixtures("old")
class TestNotSettled:
    def test_it_is_written_off_and_never_sent_again(self, ready: IntakeBench) -> None:
        assert close(ready, NOT_SETTLED) == CLOSED
        counts = ready.statistics()
        assert (counts.accepted, counts.written_off, held(counts)) == (1, 1, (0, 0, 0, 0))
        ready.tell(HealthChanged(HEALTHY))
        ready.world.advance(120.0)
        assert ready.attempts() == []
        assert ready.ledger.of(RecordPayment) == []

    def test_a_repetition_of_it_is_told_so(self, ready: IntakeBench) -> None:
        close(ready, NOT_SETTLED)
        ready.submit(payment(1), payment(1, 1), payment(2))
        assert ready.session.of(VerdictsGiven)[-1].exceptions == ((2, Verdict.WRITTEN_OFF), (3, Verdict.CONFLICT))
        assert ready.statistics().written_off == 1

    def test_it_is_final(self, ready: IntakeBench) -> None:
        close(ready, NOT_SETTLED)
        for order in (SETTLED, NOT_SETTLED):
            assert close(ready, order) == CloseAnswer(CloseResult.WRITTEN_OFF)
        assert ready.ledger.of(RecordPayment) == []

    def test_a_purge_forgets_it(self, ready: IntakeBench) -> None:
        close(ready, NOT_SETTLED)
        ready.purge()
        assert ready.statistics().written_off == 0
        assert close(ready, NOT_SETTLED) == CloseAnswer(CloseResult.NO_PAYMENT)

    def test_who_and_why_stand_in_the_log(self, ready: IntakeBench, caplog: pytest.LogCaptureFixture) -> None:
        close(ready, NOT_SETTLED)
        (closed,) = [each.__dict__ for each in caplog.records if each.getMessage() == "payment.closed"]
        assert (closed["correlationId"], closed["processor"]) == ("00000000-0000-0000-0000-000000000001", "")
        assert (closed["by"], closed["reason"]) == ("ada", "default says that it never was")


class TestNotNow:
    def test_an_unknown_id(self, ready: IntakeBench) -> None:
        assert close(ready, SETTLED) == CloseAnswer(CloseResult.NO_PAYMENT)

    def test_one_that_waits_will_be_sent(self, ready: IntakeBench) -> None:
        ready.tell(HealthChanged(DOWN))
        ready.submit(payment(1))
        assert close(ready, NOT_SETTLED) == CloseAnswer(CloseResult.WAITS)

    def test_while_an_attempt_is_under_way(self, ready: IntakeBench, sent: Attempt) -> None:
        assert close(ready, NOT_SETTLED) == CloseAnswer(CloseResult.UNDER_WAY, LONGEST_DELAY_S)
        assert ready.statistics().in_flight == 1
        ready.end(sent, Unknown("no answer within 10 s"))
        ready.world.advance(LONGEST_DELAY_S)
        assert ready.attempts() == [], "it was left alone from the first word on"
        assert close(ready, NOT_SETTLED) == CLOSED

    @pytest.mark.usefixtures("doubtful")
    def test_sooner_than_the_longest_delay_after_its_last_post(self, ready: IntakeBench) -> None:
        for waited_s in range(6):
            assert close(ready, SETTLED) == CloseAnswer(CloseResult.TOO_SOON, LONGEST_DELAY_S - waited_s)
            ready.world.advance(1.0)
        assert close(ready, SETTLED) == CLOSED

    def test_a_payment_that_is_posted_all_the_time_can_be_closed_all_the_same(
        self, ready: IntakeBench, sent: Attempt
    ) -> None:
        """It is posted more often than the longest delay lasts, so the first word has to stop that for a while."""
        ready.end(sent, Unknown("HTTP 422, and no row"))
        for _ in range(60):
            for attempt in ready.attempts():
                ready.end(attempt, Unknown("HTTP 422, and no row"))
            ready.world.advance(1.0)
        for attempt in ready.attempts():
            ready.end(attempt, Unknown("HTTP 422, and no row"))
        first = close(ready, NOT_SETTLED)
        assert first.result is CloseResult.TOO_SOON
        assert 1.0 <= first.wait_s <= LONGEST_DELAY_S
        ready.world.advance(first.wait_s - 0.5)
        assert close(ready, NOT_SETTLED) == CloseAnswer(CloseResult.TOO_SOON, 0.5)
        ready.world.advance(0.5)
        assert ready.attempts() == []
        assert ready.statistics().unknown == 1
        assert close(ready, NOT_SETTLED) == CLOSED

    def test_if_nobody_comes_back_it_is_looked_into_again(self, ready: IntakeBench, sent: Attempt) -> None:
        close(ready, NOT_SETTLED)
        ready.end(sent, Unknown("no answer within 10 s"))
        ready.world.advance(HOLD_S - 0.1)
        assert ready.attempts() == []
        ready.world.advance(0.1)
        assert ready.attempt() == sent._replace(step=Step.RESOLVE, again=True, number=2, why=DUE)

    def test_one_that_an_earlier_worker_may_have_sent_waits_as_long(self, ready: IntakeBench) -> None:
        ready.backlog.take(payment(1), ready.world.clock.now_s, suspect=True)
        assert close(ready, NOT_SETTLED) == CloseAnswer(CloseResult.TOO_SOON, LONGEST_DELAY_S)
        ready.world.advance(LONGEST_DELAY_S)
        assert close(ready, NOT_SETTLED) == CLOSED


class TestParked:
    @pytest.fixture
    def parked(self, ready: IntakeBench, sent: Attempt) -> Attempt:
        ready.end(sent, Refused("HTTP 400", permanent=True))
        ready.end(ready.attempt(), Refused("HTTP 400", permanent=True))
        ready.world.advance(LONGEST_DELAY_S)
        assert ready.statistics().parked == 1
        return sent

    @pytest.mark.usefixtures("parked")
    @pytest.mark.parametrize("order", [SETTLED, NOT_SETTLED])
    def test_it_may_be_closed_as_well(self, ready: IntakeBench, order: Close) -> None:
        assert close(ready, order) == CLOSED
        assert ready.reports("parked") == ()
        assert ready.intake.ask(RetryParked(), timeout=PATIENCE_S) == 0
        counts = ready.statistics()
        assert (counts.in_flight, counts.written_off) == ((1, 0) if order is SETTLED else (0, 1))


def test_an_order_that_cannot_be_handled_is_answered(ready: IntakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(payment_id: bytes) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(ready.backlog, "find", fail)
    asker = ready.world.probe("asker")
    ready.tell(ClosePayment(NOT_SETTLED, asker.reference))
    assert len(asker.of(CloseFailed)) == 1
