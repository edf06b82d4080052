"""The actor system with a journal: what is acknowledged or sent is on record first; a new worker goes on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.messages import (
    CreditGranted,
    CreditRestored,
    CreditWithdrawn,
    GetStatistics,
    PurgeDone,
    PurgePayments,
    SessionEpochAdopted,
    SessionOpened,
    VerdictsGiven,
)
from actors.values import (
    AttemptStarted,
    LedgerRow,
    OpenPayment,
    Payment,
    PaymentSettled,
    PaymentsPurged,
    PaymentTaken,
    ProcessorHealth,
    Verdict,
    WorkerStatistics,
)
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
