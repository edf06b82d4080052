"""The whole worker without its sockets: real actors, processors that misbehave at random, and the books at the end."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

import gevent
import pytest

from actors.backlog import Backlog
from actors.book import Book
from actors.circuit import Circuit
from actors.credits import Credits
from actors.dispatcher import Dispatcher
from actors.health import Health, HealthPoller
from actors.intake import Intake
from actors.ledger import Ledger
from actors.messages import (
    CreditGranted,
    GetHealth,
    GetRows,
    GetStatistics,
    HealthReport,
    Payment,
    PaymentsTaken,
    ProcessorHealth,
    Purge,
    Refused,
    RowsPage,
    SessionOpened,
    Settled,
    Statistics,
    SubmitPayments,
    Unknown,
)
from actors.payment import PaymentWorker
from actors.pool import Pool
from actors.routing import Cheapest, Fastest, Policy

if TYPE_CHECKING:
    from tests.actors.conftest import World

ASK_S = 5.0
FEES = {"default": 500, "fallback": 1500}
POOL_SIZE = 12


class Row(NamedTuple):
    cents: int
    requested_at_ms: int


class Mischief:
    """A processor after the contract: delay, then the failure flag, then the insert; and a network that loses answers."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world = world
        self.chance = chance
        self.rows: dict[bytes, Row] = {}
        self.late: list[tuple[float, bytes, Row]] = []
        self.posts = 0
        self.under_way = 0
        self.most_under_way = 0
        self.failing = False
        self.dropping = False
        """Whether it holds every payment back and answers none."""
        self.silent = False
        """Whether the health endpoint gives no answer."""
        self.wild = True
        """Whether answers get lost, as opposed to failing in an orderly way."""

    def post(self, payment: Payment, requested_at_ms: int) -> Settled | Refused | Unknown:
        self.posts += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            for _ in range(self.chance.randrange(3)):
                gevent.sleep(0)  # others overtake it
            return self._answer(payment, Row(payment.amount_cents, requested_at_ms))
        finally:
            self.under_way -= 1

    def _answer(self, payment: Payment, row: Row) -> Settled | Refused | Unknown:
        self.insert_late_ones()
        if self.dropping:
            self.late.append((float("inf"), payment.payment_id, row))
            return Unknown("no answer in time")
        fault = self.chance.random() if self.wild else 1.0
        if fault < 0.05:
            return Unknown("connection reset")
        if fault < 0.10:
            self.late.append((self.world.clock.now_s + self.chance.random() * 3, payment.payment_id, row))
            return Unknown("no answer in time")
        if fault < 0.15:
            return Refused("HTTP 429")
        if self.failing:
            return Refused("HTTP 500, empty body")
        known = self.rows.setdefault(payment.payment_id, row)
        if fault < 0.20:
            return Unknown("HTTP 500 with a body")
        return Settled(*known)

    def find(self, payment_id: bytes) -> Settled | Refused | Unknown:
        self.insert_late_ones()
        if self.wild and self.chance.random() < 0.2:
            return Unknown("HTTP 429")
        row = self.rows.get(payment_id)
        return Refused("HTTP 404") if row is None else Settled(*row)

    def health(self) -> HealthReport | None:
        return None if self.silent or self.chance.random() < 0.2 else HealthReport(self.failing, 0)

    def insert_late_ones(self, *, at_once: bool = False) -> None:
        due = [each for each in self.late if at_once or each[0] <= self.world.clock.now_s]
        for each in due:
            self.late.remove(each)
            self.rows.setdefault(each[1], each[2])


class System:
    def __init__(self, world: World, policy: Policy, chance: random.Random) -> None:
        names = tuple(FEES)
        clock, timers, tracer = world.clock, world.timers, world.tracer
        self.world = world
        self.processors = {name: Mischief(world, chance) for name in names}
        self.session = world.probe("session")
        self.sequence = 1
        book, backlog, credit = Book(names), Backlog(names), Credits(10_000)
        pool = Pool(names, POOL_SIZE // 2)
        healths = [ProcessorHealth(name, fee_bps) for name, fee_bps in FEES.items()]
        dispatcher = Dispatcher(backlog, pool, policy, healths, clock)
        circuits = {name: Circuit(name, fee_bps, clock.now_s) for name, fee_bps in FEES.items()}
        schedule: dict[str, float] = {}
        self.ledger = world.start("ledger", lambda me: Ledger(book))
        self.intake = world.start(
            "intake", lambda me: Intake(me, backlog, credit, pool, dispatcher, self.ledger, timers, clock, tracer)
        )
        self.health = world.start("health", lambda me: Health(me, circuits, self.intake, timers, clock))
        for name, processor in self.processors.items():
            world.start(
                f"poller-{name}",
                lambda me, name=name, processor=processor: HealthPoller(
                    me, processor, name, self.health, timers, clock, schedule
                ),
            )
        for number in range(POOL_SIZE):
            world.start(
                f"payment-{number}",
                lambda me: PaymentWorker(me, self.processors, self.intake, self.ledger, self.health, clock, tracer),
            )
        self.intake.tell(SessionOpened(self.session.reference))
        world.advance(0.0)

    def submit(self, payments: list[Payment], epoch: int = 0) -> None:
        first, self.sequence = self.sequence, self.sequence + len(payments)
        self.intake.tell(SubmitPayments(self.session.reference, epoch, first, payments))
        gevent.idle()

    def statistics(self) -> Statistics:
        counts: Statistics = self.intake.ask(GetStatistics(), timeout=ASK_S)
        assert counts.accepted == counts.settled + counts.waiting + counts.in_flight + counts.unknown + counts.parked
        return counts

    def booked(self) -> dict[str, dict[bytes, Row]]:
        page: RowsPage = self.ledger.ask(GetRows(0, 1_000_000), timeout=ASK_S)
        assert len({each.payment_id for each in page.rows}) == page.total
        books: dict[str, dict[bytes, Row]] = {name: {} for name in FEES}
        for each in page.rows:
            books[each.processor][each.payment_id] = Row(each.amount_cents, each.requested_at_ms)
        return books

    def healthy(self) -> list[str]:
        return [each.name for each in self.health.ask(GetHealth(), timeout=ASK_S) if each.healthy]


def payments(start: int, count: int) -> list[Payment]:
    return [Payment(number.to_bytes(16), 1000 + number) for number in range(start, start + count)]


STAGES = [(False, False), (True, False), (True, True), (False, True), (False, False), (False, True)]
"""Whether default and fallback fail."""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("policy", [Fastest(), Cheapest(1.0)], ids=["fastest", "cheapest"])
def test_every_payment_is_settled_once_and_the_books_agree(world: World, policy: Policy, seed: int) -> None:
    chance = random.Random(seed)
    system = System(world, policy, chance)
    sent = 0
    for stage in STAGES:
        for processor, failing in zip(system.processors.values(), stage, strict=True):
            processor.failing = failing
        for _ in range(20):
            count = chance.randrange(5)
            system.submit(payments(sent, count))
            sent += count
            if sent:
                system.submit(payments(chance.randrange(sent), 1))  # a client repeats itself
            world.advance(0.1)
    for processor in system.processors.values():
        processor.failing = processor.wild = False
    world.advance(30.0)

    counts = system.statistics()
    assert (counts.settled, counts.accepted) == (sent, sent)
    taken = system.session.of(PaymentsTaken)
    assert taken[-1].through_sequence == system.sequence - 1
    rows = {name: processor.rows for name, processor in system.processors.items()}
    assert not set(rows["default"]) & set(rows["fallback"]), "settled twice"
    assert system.booked() == rows
    assert sum(map(len, rows.values())) == sent
    assert all(row.cents == 1000 + int.from_bytes(each) for part in rows.values() for each, row in part.items())
    assert max(each.most_under_way for each in system.processors.values()) <= POOL_SIZE // 2
    assert sum(each.payments for each in system.session.of(CreditGranted)) > 0
    assert world.dead_letters == {}
    assert world.crashes == {}


def test_a_purge_under_load_leaves_only_what_came_after_it_in_the_books(world: World) -> None:
    system = System(world, Fastest(), random.Random(7))
    system.submit(payments(0, 100))
    assert system.intake.ask(Purge(), timeout=ASK_S) == 1
    system.submit(payments(50, 100), epoch=0)  # read before the session heard of the purge
    system.submit(payments(1000, 100), epoch=1)
    for processor in system.processors.values():
        processor.wild = False
    world.advance(30.0)
    counts = system.statistics()
    assert (counts.accepted, counts.settled, counts.purged) == (100, 100, 100)
    assert {each for part in system.booked().values() for each in part} == {
        each.payment_id for each in payments(1000, 100)
    }


@pytest.mark.parametrize("policy", [Fastest(), Cheapest(60.0)], ids=["fastest", "cheapest"])
@pytest.mark.parametrize("outage_s", [0.07, 0.5, 3.3, 3.7, 20.1])
def test_a_second_after_the_recovery_it_is_at_full_speed(world: World, policy: Policy, outage_s: float) -> None:
    """Both fail, payments come in all the time, then the default is back; nobody is told but by probes."""
    system = System(world, policy, random.Random(1))
    for processor in system.processors.values():
        processor.wild = False
        processor.failing = True
        processor.silent = True
    sent = 0
    while world.clock.now_s < 1000.0 + outage_s:
        system.submit(payments(sent, 5))
        sent += 5
        world.advance(0.01)
    assert system.statistics().settled == 0
    assert "default" not in system.healthy()
    probes = sum(each.posts for each in system.processors.values())
    assert probes <= 2 * (3 + POOL_SIZE + 10 * outage_s)
    system.processors["default"].failing = False
    world.advance(1.0)
    assert "default" in system.healthy()
    counts = system.statistics()
    assert (counts.settled, counts.waiting) == (sent, 0)
    assert len(system.processors["default"].rows) == sent


def test_rows_that_turn_up_late_do_not_use_up_the_probes(world: World) -> None:
    """Probes go with payments of unknown outcome first. To find such a payment's row says nothing of how the processor
    takes posts, and with many of them the recovery would go unnoticed for as long.
    """
    system = System(world, Fastest(), random.Random(1))
    default, fallback = system.processors.values()
    for processor in (default, fallback):
        processor.wild, processor.silent = False, True
    fallback.failing = True
    system.submit(payments(0, 5))  # so that the fallback isn't chosen for being unknown
    default.dropping = True
    system.submit(payments(100, 60))
    world.advance(20.0)
    assert system.statistics().unknown == POOL_SIZE // 2
    default.dropping = False
    default.insert_late_ones(at_once=True)
    system.submit(payments(200, 50))
    world.advance(1.0)
    assert "default" in system.healthy()
    assert system.statistics().waiting == 0


def test_an_outage_makes_no_hot_loop(world: World) -> None:
    system = System(world, Fastest(), random.Random(1))
    for processor in system.processors.values():
        processor.wild, processor.failing = False, True
    system.submit(payments(0, 500))
    world.advance(2.0)
    posts = sum(each.posts for each in system.processors.values())
    world.advance(10.0)
    per_second = (sum(each.posts for each in system.processors.values()) - posts) / 10 / len(FEES)
    assert 1.5 <= per_second <= 2.5, "one probe per half second"
    assert len(world.timers) <= 8
