"""The actors together: a processor that never says what became of a payment, and a person who does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.facts import OpenPayment, PaymentClosed, PaymentSettled
from actors.intake.backlog.doubts import WARNING_AFTER_S
from actors.intake.backlog.entry import LONGEST_DELAY_S
from actors.messages.people import Close, CloseAnswered, ClosePayment, GetPayments, GetSummary
from actors.messages.sessions import VerdictsGiven
from actors.reports import CloseAnswer, CloseResult
from actors.values import LedgerRow, Payment, Totals, Unknown, Verdict
from tests.actors.journal_bench import JournalBench

if TYPE_CHECKING:
    from tests.actors.fakes import Probe, World

PAYMENT = Payment(bytes(range(16)), 1990)
ID = PAYMENT.payment_id
TEXT = "00010203-0405-0607-0809-0a0b0c0d0e0f"
NOT_SETTLED = Close(ID, "", 0, 0, "ada", "in no books")
SETTLED = Close(ID, "default", 2000, 7_000, "ada", "in default's books")
FOR_EVER = ["HTTP 422, then: HTTP 404", "HTTP 500 with a body"]


@pytest.fixture
def bench(world: World) -> JournalBench:
    return JournalBench(world)


@pytest.fixture(params=FOR_EVER)
def doubtful(bench: JournalBench, request: pytest.FixtureRequest) -> JournalBench:
    """A durable worker with one payment that is unknown for ever."""
    reason: str = request.param
    bench.processors["default"].on_post = lambda payment, at_ms: Unknown(reason)
    bench.start()
    bench.submit(PAYMENT)
    bench.world.advance(WARNING_AFTER_S + 1)
    assert bench.statistics().unknown == 1
    return bench


def say(bench: JournalBench, order: Close) -> Probe:
    asker = bench.world.probe("asker")
    bench.system.intake.tell(ClosePayment(order, asker.reference))
    bench.world.advance(0.0)
    return asker


def close(bench: JournalBench, order: Close) -> None:
    """Say it until nothing is in the way any more: the first word comes too soon after a post, as nearly always."""
    answers = []
    for _ in range(2):
        answers += [each.answer.result for each in say(bench, order).of(CloseAnswered)]
        bench.world.advance(LONGEST_DELAY_S)
    assert CloseResult.CLOSED in answers


def test_it_is_named_once_and_listed(doubtful: JournalBench, caplog: pytest.LogCaptureFixture) -> None:
    doubtful.world.advance(300.0)
    records = [*caplog.get_records("setup"), *caplog.records]
    (warning,) = [each.__dict__ for each in records if each.getMessage() == "payment.outcome_unknown"]
    assert (warning["correlationId"], warning["processor"]) == (TEXT, "default")
    assert warning["reason"] in FOR_EVER
    (listed,) = doubtful.system.answer(GetPayments("unknown")).payments
    assert (listed.payment_id, listed.amount_cents, listed.processor) == (*PAYMENT[:2], "default")
    assert warning["reason"] in listed.why
    assert doubtful.world.clock.now_ms() - listed.since_ms == pytest.approx(331_000, abs=1000)


def test_settled_by_a_person_it_is_in_the_books_and_on_record(doubtful: JournalBench) -> None:
    close(doubtful, SETTLED)
    counts = doubtful.statistics()
    assert (counts.accepted, counts.settled, counts.written_off) == (1, 1, 0)
    assert doubtful.booked() == [LedgerRow(ID, "default", 2000, 7_000)]
    assert doubtful.system.answer(GetSummary()) == {"default": Totals(1, 2000), "fallback": Totals(0, 0)}
    assert PaymentSettled(ID, "default", 2000, 7_000, 0) in doubtful.store.entries
    (closed,) = [each for each in doubtful.store.entries if isinstance(each, PaymentClosed)]
    assert (closed[:5], closed.epoch) == ((ID, 1990, False, "ada", "in default's books"), 0)
    assert 0 <= doubtful.world.clock.now_ms() - closed.at_ms <= 20_000


def test_not_settled_it_is_written_off_and_nothing_is_sent_any_more(doubtful: JournalBench) -> None:
    close(doubtful, NOT_SETTLED)
    posts = len(doubtful.processors["default"].posts)
    doubtful.world.advance(300.0)
    assert len(doubtful.processors["default"].posts) == posts
    assert doubtful.processors["fallback"].posts == []
    counts = doubtful.statistics()
    assert (counts.accepted, counts.settled, counts.unknown, counts.written_off) == (1, 0, 0, 1)
    assert doubtful.booked() == []
    (closed,) = [each for each in doubtful.store.entries if isinstance(each, PaymentClosed)]
    assert closed[:5] == (ID, 1990, True, "ada", "in no books")
    doubtful.submit(PAYMENT, first=2)
    assert doubtful.session.of(VerdictsGiven)[-1] == VerdictsGiven(2, ((2, Verdict.WRITTEN_OFF),))


@pytest.mark.parametrize("order", [SETTLED, NOT_SETTLED])
def test_nobody_is_told_before_it_is_on_record(doubtful: JournalBench, order: Close) -> None:
    say(doubtful, order)
    doubtful.world.advance(LONGEST_DELAY_S)
    doubtful.store.full = True
    asker = say(doubtful, order)
    doubtful.world.advance(1.0)
    assert asker.received == []
    assert doubtful.booked() == []
    doubtful.store.full = False
    doubtful.world.advance(1.0)
    assert asker.received == [CloseAnswered(CloseAnswer(CloseResult.CLOSED))]


def test_the_next_worker_knows_what_is_written_off(bench: JournalBench) -> None:
    bench.store.restored_written_off = [PAYMENT]
    bench.start()
    bench.submit(PAYMENT, PAYMENT._replace(amount_cents=1))
    assert bench.session.of(VerdictsGiven) == [VerdictsGiven(2, ((1, Verdict.WRITTEN_OFF), (2, Verdict.CONFLICT)))]
    bench.world.advance(60.0)
    counts = bench.statistics()
    assert (counts.accepted, counts.written_off) == (1, 1)
    assert not any(each.posts for each in bench.processors.values())
    assert [each.answer.result for each in say(bench, SETTLED).of(CloseAnswered)] == [CloseResult.WRITTEN_OFF]


def test_what_an_earlier_worker_sent_is_named_too(bench: JournalBench, caplog: pytest.LogCaptureFixture) -> None:
    bench.processors["default"].on_find = lambda payment_id: Unknown("HTTP 503")
    bench.processors["default"].on_post = lambda payment, at_ms: Unknown("HTTP 500 with a body")
    bench.store.restored_open = [OpenPayment(PAYMENT, "default", 7_000)]
    bench.start()
    bench.world.advance(WARNING_AFTER_S)
    assert "payment.outcome_unknown" in caplog.messages
