"""The actor system with a journal: what is acknowledged or sent is on record first; a new worker goes on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.facts import (
    AttemptRefused,
    AttemptStarted,
    OpenPayment,
    PaymentCrashed,
    PaymentSettled,
    PaymentsPurged,
    PaymentTaken,
)
from actors.intake.backlog.entry import CRASHES_MAX
from actors.messages.journal import PaymentsStored
from actors.messages.people import GetStatistics, PurgeDone, PurgePayments, RetryParked
from actors.messages.sessions import (
    CreditGranted,
    CreditRestored,
    CreditWithdrawn,
    MemoryChanged,
    SessionEpochAdopted,
    SessionOpened,
    VerdictsGiven,
)
from actors.reports import WorkerStatistics
from actors.system import ActorSystem
from actors.values import LedgerRow, Payment, ProcessorHealth, Refused, Settled, Unknown, Verdict, Withheld
from tests.actors.journal_bench import FEES, ID, PAYMENT, JournalBench

if TYPE_CHECKING:
    from tests.actors.fakes import World


@pytest.fixture
def bench(world: World) -> JournalBench:
    return JournalBench(world)


def test_a_payment_and_its_attempt_are_on_record_before_they_have_effect(bench: JournalBench) -> None:
    bench.start()
    bench.store.full = True
    bench.submit(PAYMENT)
    assert bench.session.of(VerdictsGiven) == []
    assert bench.processors["default"].posts == []
    assert bench.statistics().waiting == 1

    bench.store.full = False
    bench.world.advance(1.0)
    assert bench.session.of(VerdictsGiven) == [VerdictsGiven(1)]
    ((_, at_ms),) = bench.processors["default"].posts
    assert bench.store.entries == [
        PaymentTaken(ID, 1990, 0),
        AttemptStarted(ID, "default", at_ms, 0),
        PaymentSettled(ID, "default", 1990, at_ms, 0),
    ]
    assert bench.statistics().settled == 1


def test_statistics_tell_of_the_whole_system(bench: JournalBench) -> None:
    bench.start()
    bench.submit(PAYMENT)
    bench.system.ledger.tell("nonsense")
    statistics = bench.system.answer(GetStatistics())
    assert statistics == WorkerStatistics(
        counts=bench.statistics(),
        processors=tuple(ProcessorHealth(*each) for each in FEES.items()),
        dead_letters={"str": 1},
        crashes={"ledger": 3},
    )
    assert statistics.counts.settled == 1


def test_a_repetition_is_not_acknowledged_before_the_original(bench: JournalBench) -> None:
    bench.start()
    bench.store.full = True
    bench.submit(PAYMENT)
    bench.submit(PAYMENT, PAYMENT._replace(amount_cents=1), first=2)
    assert bench.session.of(VerdictsGiven) == []
    bench.store.full = False
    bench.world.advance(1.0)
    assert bench.session.of(VerdictsGiven) == [VerdictsGiven(1), VerdictsGiven(3, ((3, Verdict.CONFLICT),))]


def test_credit_is_withdrawn_while_memory_has_run_out_whatever_the_store_does(bench: JournalBench) -> None:
    bench.start()
    bench.system.intake.tell(MemoryChanged(True))
    bench.system.intake.tell(MemoryChanged(True))
    assert bench.session.of(CreditWithdrawn)[-1] == CreditWithdrawn(Withheld.MEMORY_FULL)
    bench.store.full = True
    bench.submit(PAYMENT)
    bench.store.full = False
    bench.world.advance(1.0)
    assert bench.session.of(CreditRestored) == [], "the store is back, and there is no room all the same"
    assert bench.statistics().settled == 1, "what is on its way is still taken"
    bench.system.intake.tell(MemoryChanged(False))
    assert len(bench.session.of(CreditRestored)) == 1


def test_credit_is_withdrawn_while_the_store_is_unavailable(bench: JournalBench) -> None:
    bench.start()
    bench.store.full = True
    bench.submit(PAYMENT)
    late = bench.world.probe("late session")
    bench.system.intake.tell(SessionOpened(late.reference))
    assert len(bench.session.of(CreditWithdrawn)) == len(late.of(CreditWithdrawn)) == 1
    assert late.of(CreditGranted) == []

    bench.store.full = False
    bench.world.advance(1.0)
    assert len(bench.session.of(CreditRestored)) == len(late.of(CreditRestored)) == 1
    assert len(late.of(CreditGranted)) == 1


@pytest.mark.parametrize("durable", [True, False])
def test_whatever_a_store_that_stood_still_lets_loose_arrives(
    bench: JournalBench, durable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mailboxes far smaller than what waits: what carries a promise passes every bound."""
    monkeypatch.setattr(ActorSystem, "_capacity", lambda self: 8)
    bench.start(durable=durable)
    bench.store.full = True
    payments = [Payment(number.to_bytes(16), 1 + number) for number in range(1, 300)]
    for number, payment in enumerate(payments, 1):
        bench.submit(payment, first=number)
    bench.store.full = False
    bench.world.advance(30.0)
    assert bench.statistics().settled == len(payments)
    assert bench.world.dead_letters == {}
    assert bench.broken == []


class TestALostPromise:
    """It can't happen; should it all the same, it isn't silent."""

    def lose(self, bench: JournalBench) -> None:
        letters = bench.world.supervisor.dead_letters
        letters.receive("intake", PaymentsStored(bench.session.reference, 1, (ID,), 0), "the mailbox is full")
        bench.world.advance(0.1)

    def test_with_a_durable_journal_the_process_ends(self, bench: JournalBench) -> None:
        bench.start()
        self.lose(bench)
        assert [each for each in bench.broken if "the mailbox is full" in each]

    def test_else_nothing_more_is_promised_and_its_id_is_said(
        self, bench: JournalBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.start(durable=False)
        self.lose(bench)
        assert bench.broken == []
        assert len(bench.session.of(CreditWithdrawn)) == 1
        (record,) = [each for each in caplog.records if each.getMessage() == "actor.promise_lost"]
        assert vars(record)["payments"] == ["00010203-0405-0607-0809-0a0b0c0d0e0f"]
        bench.submit(PAYMENT)
        assert bench.statistics().settled == 1, "what is on its way is still taken"

    def test_what_does_not_arrive_while_the_actors_stop_is_none(self, bench: JournalBench) -> None:
        bench.start()
        bench.world.supervisor.stop(1.0)
        bench.system.intake.tell(PurgePayments(bench.session.reference))
        assert bench.broken == []


def test_a_purge_is_on_record_and_leaves_nothing_that_was_storing(bench: JournalBench) -> None:
    bench.start()
    bench.store.full = True
    bench.submit(PAYMENT)
    asker = bench.world.probe("asker")
    bench.system.intake.tell(PurgePayments(asker.reference))
    bench.world.advance(0.1)
    bench.system.intake.tell(SessionEpochAdopted(bench.session.reference, 1))
    bench.world.advance(0.1)
    assert asker.received == [], "it is not on record"
    bench.store.full = False
    bench.world.advance(1.0)
    assert asker.received == [PurgeDone(1)]
    assert bench.store.entries == [PaymentTaken(ID, 1990, 0), PaymentsPurged(1)]
    assert bench.statistics().accepted == 0
    assert bench.processors["default"].posts == []


def test_a_new_worker_goes_on_where_the_last_one_died(bench: JournalBench) -> None:
    """Settled ones are known, waiting ones sent, and one whose attempt is on record is asked for only there."""
    settled, waiting, tried = (Payment(bytes([number]) * 16, 100 + number) for number in range(3))
    bench.store.restored_epoch = 5
    bench.store.restored_settled = [(settled.payment_id, 100, "fallback", 100, 7000)]
    bench.store.restored_open = [OpenPayment(waiting, "", 0), OpenPayment(tried, "fallback", 8000)]
    bench.processors["fallback"].rows[tried.payment_id] = (102, 8000)
    bench.start()
    bench.world.advance(0.1)

    assert LedgerRow(settled.payment_id, "fallback", 100, 7000) in bench.booked()
    assert LedgerRow(tried.payment_id, "fallback", 102, 8000) in bench.booked()
    assert [each[0] for each in bench.processors["default"].posts] == [waiting]
    assert bench.processors["fallback"].posts == []
    counts = bench.statistics()
    assert (counts.epoch, counts.accepted, counts.settled) == (5, 3, 3)
    bench.submit(settled, settled._replace(amount_cents=1))
    assert bench.session.of(VerdictsGiven) == [VerdictsGiven(2, ((2, Verdict.CONFLICT),))]


def test_a_payment_that_was_refused_for_certain_is_free_for_the_next_worker(bench: JournalBench) -> None:
    bench.start()
    for each in bench.processors.values():
        each.on_post = lambda payment, at_ms: Refused("HTTP 500, empty body")
    bench.submit(PAYMENT)
    assert bench.store.entries[-1] == AttemptRefused(ID, 0)


def test_one_that_may_be_committed_stays_bound_whatever_is_refused_later(bench: JournalBench) -> None:
    bench.start()
    answers: list[Refused | Unknown] = [Unknown("no answer")]
    for each in bench.processors.values():
        each.on_post = lambda payment, at_ms: answers.pop() if answers else Refused("HTTP 500, empty body")
    bench.submit(PAYMENT)
    bench.world.advance(30.0)
    assert not [each for each in bench.store.entries if isinstance(each, AttemptRefused)]


def test_crashes_are_on_record_and_a_payment_that_had_enough_of_them_is_parked_at_once(bench: JournalBench) -> None:
    def crash(payment: Payment, at_ms: int) -> Settled:
        raise RuntimeError("a bug")

    bench.store.restored_open = [OpenPayment(PAYMENT, "default", 7000, CRASHES_MAX - 1)]
    for each in bench.processors.values():
        each.on_post = crash
    bench.start()
    bench.world.advance(30.0)
    assert [each for each in bench.store.entries if isinstance(each, PaymentCrashed)] == [
        PaymentCrashed(ID, CRASHES_MAX, 0)
    ]
    assert bench.statistics().parked == 1


@pytest.mark.parametrize("durable", [True, False])
def test_the_next_worker_does_not_try_what_has_crashed_too_often_until_it_is_told(
    bench: JournalBench, durable: bool
) -> None:
    bench.store.restored_open = [OpenPayment(PAYMENT, "default", 7000, CRASHES_MAX)]
    bench.start(durable=durable)
    bench.world.advance(30.0)
    assert bench.statistics().parked == 1
    assert not any(each.posts for each in bench.processors.values())
    assert bench.system.answer(RetryParked()) == 1
    bench.world.advance(30.0)
    assert bench.statistics().settled == 1
