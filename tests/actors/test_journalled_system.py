"""The actor system with a journal: what is acknowledged or sent is on record first; a new worker goes on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.intake.entry import CRASHES_MAX, LONGEST_DELAY_S
from actors.intake.routing import Fastest
from actors.messages import (
    CreditGranted,
    CreditRestored,
    CreditWithdrawn,
    GetCounts,
    GetRows,
    GetStatistics,
    PaymentsStored,
    PurgeDone,
    PurgePayments,
    RetryParked,
    SessionAdmitted,
    SessionEpochAdopted,
    SessionOpened,
    SubmitPayments,
    VerdictsGiven,
)
from actors.ports import StoreUnavailable
from actors.system import ActorSystem, Plan, Ports
from actors.values import (
    AttemptRefused,
    AttemptStarted,
    LedgerRow,
    OpenPayment,
    Payment,
    PaymentCrashed,
    PaymentSettled,
    PaymentsPurged,
    PaymentTaken,
    ProcessorHealth,
    Refused,
    Settled,
    Unknown,
    Verdict,
    WorkerStatistics,
)
from tests.actors.fakes import ScriptedProcessor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actors.values import JournalEntry, Statistics
    from tests.actors.fakes import World

PAYMENT = Payment(bytes(range(16)), 1990)
ID = PAYMENT.payment_id
FEES = {"default": 500, "fallback": 1500}


class MemoryStore:
    """A store that keeps what it is told in memory, or refuses to."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.full = False
        self.restored_epoch = 0
        self.restored_settled: list[tuple[bytes, int, str, int, int]] = []
        self.restored_open: list[OpenPayment] = []

    def epoch(self) -> int:
        return self.restored_epoch

    def journal_id(self) -> bytes:
        return b"j" * 16

    def settled(self) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        yield self.restored_settled

    def open(self) -> list[OpenPayment]:
        return self.restored_open

    def append(self, entries: Sequence[JournalEntry]) -> None:
        if self.full:
            raise StoreUnavailable("disk full")
        self.entries += entries

    def check(self) -> None:
        pass

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass


class Bench:
    def __init__(self, world: World) -> None:
        self.world = world
        self.store = MemoryStore()
        self.processors = {name: ScriptedProcessor() for name in FEES}
        self.session = world.probe("session")
        self.broken: list[str] = []

    def start(self, *, durable: bool = True) -> None:
        plan = Plan([ProcessorHealth(*each) for each in FEES.items()], Fastest(), 4, 100, durable=durable)
        tracer, timers = self.world.tracer, self.world.timers
        ports = Ports(self.world.clock, timers, self.processors, self.store, self.broken.append, tracer)
        self.system = ActorSystem(plan, ports, self.world.supervisor)
        self.system.start()
        self.system.intake.tell(SessionOpened(self.session.reference))
        self.world.advance(0.0)

    def submit(self, *payments: Payment, first: int = 1, suspect: bool = False) -> None:
        epoch = self.session.of(SessionAdmitted)[-1].epoch
        message = SubmitPayments(self.session.reference, epoch, first, payments, suspect, suspect)
        self.system.intake.tell(message)
        self.world.advance(0.0)

    def statistics(self) -> Statistics:
        counts: Statistics = self.system.answer(GetCounts())
        return counts

    def booked(self) -> list[LedgerRow]:
        rows: list[LedgerRow] = list(self.system.answer(GetRows(0, 100)).rows)
        return rows


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


def test_a_payment_and_its_attempt_are_on_record_before_they_have_effect(bench: Bench) -> None:
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


def test_statistics_tell_of_the_whole_system(bench: Bench) -> None:
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


def test_a_repetition_is_not_acknowledged_before_the_original(bench: Bench) -> None:
    bench.start()
    bench.store.full = True
    bench.submit(PAYMENT)
    bench.submit(PAYMENT, PAYMENT._replace(amount_cents=1), first=2)
    assert bench.session.of(VerdictsGiven) == []
    bench.store.full = False
    bench.world.advance(1.0)
    assert bench.session.of(VerdictsGiven) == [VerdictsGiven(1), VerdictsGiven(3, ((3, Verdict.CONFLICT),))]


def test_credit_is_withdrawn_while_the_store_is_unavailable(bench: Bench) -> None:
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
    bench: Bench, durable: bool, monkeypatch: pytest.MonkeyPatch
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

    def lose(self, bench: Bench) -> None:
        letters = bench.world.supervisor.dead_letters
        letters.receive("intake", PaymentsStored(bench.session.reference, 1, (ID,), 0), "the mailbox is full")
        bench.world.advance(0.1)

    def test_with_a_durable_journal_the_process_ends(self, bench: Bench) -> None:
        bench.start()
        self.lose(bench)
        assert [each for each in bench.broken if "the mailbox is full" in each]

    def test_else_nothing_more_is_promised_and_its_id_is_said(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.start(durable=False)
        self.lose(bench)
        assert bench.broken == []
        assert len(bench.session.of(CreditWithdrawn)) == 1
        (record,) = [each for each in caplog.records if each.getMessage() == "actor.promise_lost"]
        assert vars(record)["payments"] == ["00010203-0405-0607-0809-0a0b0c0d0e0f"]
        bench.submit(PAYMENT)
        assert bench.statistics().settled == 1, "what is on its way is still taken"

    def test_what_does_not_arrive_while_the_actors_stop_is_none(self, bench: Bench) -> None:
        bench.start()
        bench.world.supervisor.stop(1.0)
        bench.system.intake.tell(PurgePayments(bench.session.reference))
        assert bench.broken == []


def test_a_purge_is_on_record_and_leaves_nothing_that_was_storing(bench: Bench) -> None:
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


def test_a_new_worker_goes_on_where_the_last_one_died(bench: Bench) -> None:
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


def test_a_payment_that_was_refused_for_certain_is_free_for_the_next_worker(bench: Bench) -> None:
    bench.start()
    for each in bench.processors.values():
        each.on_post = lambda payment, at_ms: Refused("HTTP 500, empty body")
    bench.submit(PAYMENT)
    assert bench.store.entries[-1] == AttemptRefused(ID, 0)


def test_one_that_may_be_committed_stays_bound_whatever_is_refused_later(bench: Bench) -> None:
    bench.start()
    answers: list[Refused | Unknown] = [Unknown("no answer")]
    for each in bench.processors.values():
        each.on_post = lambda payment, at_ms: answers.pop() if answers else Refused("HTTP 500, empty body")
    bench.submit(PAYMENT)
    bench.world.advance(30.0)
    assert not [each for each in bench.store.entries if isinstance(each, AttemptRefused)]


def test_crashes_are_on_record_and_a_payment_that_had_enough_of_them_is_parked_at_once(bench: Bench) -> None:
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
def test_the_next_worker_does_not_try_what_has_crashed_too_often_until_it_is_told(bench: Bench, durable: bool) -> None:
    bench.store.restored_open = [OpenPayment(PAYMENT, "default", 7000, CRASHES_MAX)]
    bench.start(durable=durable)
    bench.world.advance(30.0)
    assert bench.statistics().parked == 1
    assert not any(each.posts for each in bench.processors.values())
    assert bench.system.answer(RetryParked()) == 1
    bench.world.advance(30.0)
    assert bench.statistics().settled == 1


class TestSuspects:
    """Payments that a worker before this one may have sent, without anything on record."""

    def test_they_are_looked_for_everywhere_before_they_are_sent(self, bench: Bench) -> None:
        bench.start(durable=False)
        bench.submit(PAYMENT, suspect=True)
        assert bench.session.of(VerdictsGiven) == [VerdictsGiven(1)]
        bench.world.advance(LONGEST_DELAY_S - 0.1)
        assert bench.statistics().unknown == 1
        assert not any(each.posts or each.finds for each in bench.processors.values())
        bench.world.advance(0.3)
        assert [each.finds for each in bench.processors.values()] == [[ID], [ID]]
        assert [len(each.posts) for each in bench.processors.values()] == [1, 0]
        assert bench.statistics().settled == 1

    @pytest.mark.parametrize("place", FEES)
    def test_one_that_is_found_is_recorded_and_not_sent(self, bench: Bench, place: str) -> None:
        bench.processors[place].rows[ID] = (1990, 4000)
        bench.start(durable=False)
        bench.submit(PAYMENT, suspect=True)
        bench.world.advance(LONGEST_DELAY_S + 1)
        assert bench.booked() == [LedgerRow(ID, place, 1990, 4000)]
        assert not any(each.posts for each in bench.processors.values())

    def test_one_that_can_not_be_looked_for_waits(self, bench: Bench) -> None:
        answers: list[Settled | Refused | Unknown] = [Unknown("HTTP 429")] * 3
        fallback = bench.processors["fallback"]
        fallback.on_find = lambda payment_id: answers.pop() if answers else fallback.look_up(payment_id)
        bench.start(durable=False)
        bench.submit(PAYMENT, suspect=True)
        bench.world.advance(LONGEST_DELAY_S + 0.05)
        assert bench.statistics().unknown == 1
        assert not bench.processors["default"].posts
        bench.world.advance(5.0)
        assert answers == []
        assert bench.statistics().settled == 1

    def test_a_durable_worker_has_no_suspects(self, bench: Bench) -> None:
        bench.start()
        bench.submit(PAYMENT, suspect=True)
        assert bench.statistics().settled == 1

    def test_open_payments_of_a_background_journal_are_suspects(self, bench: Bench) -> None:
        bench.store.restored_open = [OpenPayment(PAYMENT, "", 0)]
        bench.processors["fallback"].rows[ID] = (1990, 4000)
        bench.start(durable=False)
        bench.world.advance(LONGEST_DELAY_S + 1)
        assert bench.booked() == [LedgerRow(ID, "fallback", 1990, 4000)]
