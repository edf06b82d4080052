"""What people are told: of one payment, of all that wait, and of the processors; by the whole system."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.intake.dispatch.routing import Cheapest, Fastest
from actors.messages.people import (
    GetHeldReport,
    GetPayment,
    GetPayments,
    GetProcessors,
    PurgePayments,
    RetryParked,
    RetryPayment,
)
from actors.reports import RetryAnswer, RetryResult
from rinha.processors.errors import AnswerLost, NotSent
from rinha.processors.wire import Answer
from tests.actors.front import FrontBench

if TYPE_CHECKING:
    from actors.reports import HeldReport, PaymentReport, PaymentsPage, ProcessorsReport
    from tests.actors.fakes import World

FAILURE, REJECTION = Answer(500, b""), Answer(400, b"")
ID = (1).to_bytes(16)


@pytest.fixture
def bench(world: World) -> FrontBench:
    return FrontBench(world, Fastest(10.0, 1))


@pytest.fixture
def patient(world: World) -> FrontBench:
    return FrontBench(world, Cheapest(5.0))


def fail(bench: FrontBench, answer: Answer | Exception = FAILURE) -> None:
    def respond(_fields: object) -> Answer:
        if isinstance(answer, Exception):
            raise answer
        return answer

    for front in (bench.default, bench.fallback):
        front.answer_post = respond


def payments(bench: FrontBench, digits: str = ID.hex()) -> tuple[PaymentReport, ...]:
    found: tuple[PaymentReport, ...] = bench.system.answer(GetPayment(digits))
    return found


def one(bench: FrontBench) -> PaymentReport:
    (only,) = payments(bench)
    return only


def page(bench: FrontBench, state: str = "") -> PaymentsPage:
    found: PaymentsPage = bench.system.answer(GetPayments(state))
    return found


def held(bench: FrontBench) -> HeldReport:
    report: HeldReport = bench.system.answer(GetHeldReport())
    return report


def processors(bench: FrontBench) -> ProcessorsReport:
    report: ProcessorsReport = bench.system.answer(GetProcessors())
    return report


class TestOnePayment:
    def test_a_settled_one_is_in_the_books(self, bench: FrontBench) -> None:
        bench.pay()
        (row,) = bench.booked()
        report = one(bench)
        assert (report.state, report.processor, report.amount_cents) == ("settled", "default", 1990)
        assert report.requested_at_ms == report.since_ms == row.requested_at_ms
        assert report.why.startswith("it is settled: default has it, as of 20")
        assert report.next == "nothing: that is final"

    def test_one_that_waits_says_when_a_processor_is_probed(self, bench: FrontBench) -> None:
        fail(bench)
        bench.pay(8)
        bench.world.advance(3.0)
        bench.pay(4)
        report = payments(bench, (10).to_bytes(16).hex())[0]
        assert (report.state, report.processor, report.attempts) == ("waiting", "", ())
        assert report.why == "every processor is failing"
        assert "default is probed again in 0." in report.next
        assert 0 < report.next_ms - bench.world.clock.now_ms() <= 500

    def test_a_refused_one_rests(self, bench: FrontBench) -> None:
        fail(bench)
        bench.pay()
        report = one(bench)
        assert (report.state, report.attempts_made) == ("waiting", 1)
        assert report.why == "default refused it: HTTP 500, empty body; 1 attempt so far, and it rests after each"
        assert report.next == "it is sent again in 0.1 s, if a processor is healthy then"
        assert report.next_ms - report.since_ms == 100
        (attempt,) = report.attempts
        assert (attempt.number, attempt.step, attempt.processor) == (1, "post", "default")
        assert (attempt.outcome, attempt.reason) == ("refused", "HTTP 500, empty body")

    def test_one_in_flight_says_where(self, bench: FrontBench) -> None:
        seen: list[PaymentReport] = []

        def look(_fields: object) -> None:
            seen.append(one(bench))

        bench.default.answer_post = look
        bench.pay()
        (report,) = seen
        assert (report.state, report.processor, report.attempts_made) == ("in_flight", "default", 1)
        assert report.requested_at_ms == bench.booked()[0].requested_at_ms
        assert report.why == "attempt 1: it is being posted to default"
        assert [each.outcome for each in report.attempts] == [""]

    def test_an_unknown_one_is_bound(self, bench: FrontBench) -> None:
        fail(bench, AnswerLost("no answer within 10 s"))
        bench.pay()
        bench.world.advance(8.0)
        report = one(bench)
        assert (report.state, report.processor) == ("unknown", "default")
        assert report.requested_at_ms > 0
        assert "(no answer within 10 s): it may be settled there, so it may go nowhere else" in report.why
        assert f"looked for {report.attempts_made - 1} times so far" in report.why
        assert report.next.startswith("it is looked up at default again in ")
        assert report.next_ms > bench.world.clock.now_ms()
        assert bench.world.clock.now_ms() - report.since_ms == pytest.approx(8000, abs=50)
        assert [each.number for each in report.attempts] == [
            1,
            *range(report.attempts_made - 3, report.attempts_made + 1),
        ]

    def test_a_parked_one_waits_for_a_person(self, bench: FrontBench) -> None:
        fail(bench, REJECTION)
        bench.pay()
        report = one(bench)
        assert report.state == "parked"
        assert report.why.endswith("again and again: default: HTTP 400; fallback: HTTP 400")
        assert report.next == "a person must act: retry it, or say how it ended"
        assert [each.processor for each in report.attempts] == ["default", "fallback"]

    def test_one_that_waits_for_the_cheapest_says_for_how_long(self, patient: FrontBench) -> None:
        patient.default.answer_post = lambda _fields: FAILURE
        patient.pay(3)
        patient.world.advance(2.0)
        patient.pay(4)
        report = payments(patient, (5).to_bytes(16).hex())[0]
        assert report.why == "default, the cheapest, is failing, and it is waited for"
        assert report.next.startswith("it may go to fallback in 5.0 s; default is probed again in ")
        assert report.next_ms - patient.world.clock.now_ms() == pytest.approx(5000, abs=20)

    def test_an_id_that_nobody_knows(self, bench: FrontBench) -> None:
        bench.pay()
        asker = bench.world.probe("asker")
        assert payments(bench, "f" * 32) == ()
        bench.system.intake.tell(PurgePayments(asker.reference))
        bench.world.advance(0.0)
        assert payments(bench) == ()


class TestPrefixes:
    def test_the_first_digits_will_do(self, bench: FrontBench) -> None:
        bench.pay(20)
        beginning = "0" * 30
        assert len(payments(bench, beginning)) == 10, "no more than a person looks at"
        assert [each.payment_id[-1] for each in payments(bench, "0" * 30 + "1")] == [16, 17, 18, 19, 20]

    @pytest.mark.parametrize("digits", ["", "00000", "0" * 33, "zzzzzz", "z" * 32, "00000g", "00-000"])
    def test_what_is_no_beginning_finds_nothing(self, bench: FrontBench, digits: str) -> None:
        bench.pay()
        assert payments(bench, digits) == ()
        assert bench.world.crashes == {}


class TestAll:
    def test_by_state_the_oldest_first(self, bench: FrontBench) -> None:
        fail(bench)
        bench.pay(3)
        bench.pay(2, cents=500)
        found = page(bench, "waiting")
        assert [each.payment_id[-1] for each in found.payments] == [1, 2, 3, 4, 5]
        assert (found.total, found.after) == (5, "")
        assert page(bench, "parked").payments == ()

    def test_why_nothing_settles(self, bench: FrontBench) -> None:
        fail(bench)
        bench.pay(8)
        bench.world.advance(3.0)
        report = held(bench)
        assert report.counts["waiting"] == 8
        assert report.backlog_max == 1000
        assert bench.world.clock.now_ms() - report.oldest_ms == pytest.approx(3000, abs=50)
        assert report.why.startswith("both processors are failing: default refuses (HTTP 500, empty body) since ")
        assert "default is probed again in 0." in report.next

    def test_a_backlog_that_has_drained(self, bench: FrontBench) -> None:
        fail(bench)
        bench.pay(20)
        bench.world.advance(3.0)
        bench.pay(50)
        bench.world.advance(3.0)
        bench.default.answer_post = bench.fallback.answer_post = lambda _fields: None
        bench.world.advance(3.0)
        report = held(bench)
        assert sum(report.counts.values()) == 0
        assert report.drained_payments >= 40
        assert report.drained_ms > 0
        assert report.why == "no payment waits to be sent; 0 payments held in all"
        assert report.next == "nothing: all is well"


class TestRetry:
    def retry(self, bench: FrontBench, payment_id: bytes = ID) -> RetryAnswer:
        answer: RetryAnswer = bench.system.answer(RetryPayment(payment_id))
        bench.world.advance(0.01)
        return answer

    def test_a_parked_one_is_sent_again(self, bench: FrontBench) -> None:
        fail(bench, REJECTION)
        bench.pay(2)
        bench.default.answer_post = lambda _fields: None
        assert self.retry(bench) == RetryAnswer(RetryResult.RETRIED, "it is sent again now")
        assert [each.payment_id for each in bench.booked()] == [ID]
        assert page(bench, "parked").total == 1, "the other one was not meant"
        assert bench.system.answer(RetryParked()) == 1

    def test_no_other_one_is(self, bench: FrontBench) -> None:
        assert self.retry(bench).result is RetryResult.NO_PAYMENT
        bench.pay()
        assert self.retry(bench) == RetryAnswer(RetryResult.NOT_PARKED, "it is not parked, but settled")


class TestProcessors:
    def test_what_is_in_use_and_what_it_cost(self, bench: FrontBench) -> None:
        bench.pay(10)
        report = processors(bench)
        default, fallback = report.processors
        assert (default.settled, default.settled_cents, fallback.settled) == (10, 19900, 0)
        assert (default.healthy, default.why) == (True, "nothing is known against it")
        assert (fallback.latency_ms, fallback.latency_from) == (None, ""), "nobody has measured it"
        routing = report.routing
        assert (routing.policy, routing.in_use, routing.reason) == ("fastest", "default", "equal-so-cheaper")
        assert (routing.fees_cents, routing.least_fees_cents) == (995.0, 995.0)
        assert routing.back == "default fails, or is over 10 ms slower than fallback"

    def test_why_we_pay_more(self, bench: FrontBench) -> None:
        bench.default.answer_post = lambda _fields: FAILURE
        bench.pay(4)
        bench.world.advance(0.5)
        report = processors(bench)
        default, _fallback = report.processors
        assert (default.healthy, default.last_failure) == (False, "HTTP 500, empty body")
        assert default.why == "three payments in a row failed: HTTP 500, empty body"
        assert default.next.startswith("default is probed again in 0.")
        routing = report.routing
        assert (routing.in_use, routing.reason) == ("fallback", "only-healthy")
        assert routing.why == "fallback is the only healthy processor"
        assert routing.back.startswith("default is probed again in ")
        assert routing.fees_cents == 3 * routing.least_fees_cents > 0

    def test_one_that_is_not_there(self, bench: FrontBench) -> None:
        refused = NotSent("no connection: [Errno 111] Connection refused")
        fail(bench, refused)
        bench.pay(4)
        bench.world.advance(1.0)
        assert processors(bench).processors[0].why == "unreachable: Connection refused"
        assert "default is unreachable: Connection refused since " in held(bench).why
        assert processors(bench).routing.in_use == ""
