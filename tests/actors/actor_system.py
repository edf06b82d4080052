"""The whole worker without its sockets: real actors, and processors that misbehave at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import gevent
from gevent.event import Event

from actors.messages.people import GetCounts, GetHealth, GetRows
from actors.messages.sessions import SessionOpened, SubmitPayments
from actors.plan import Plan
from actors.system import ActorSystem, Ports
from actors.values import HealthReport, Payment, ProcessorHealth, Refused, RowsPage, Settled, Unknown
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from actors.intake.dispatch.routing import Policy
    from actors.reports import Statistics
    from tests.actors.fakes import World

FEES = {"default": 500, "fallback": 1500}
POOL_SIZE = 12


class Row(NamedTuple):
    cents: int
    requested_at_ms: int


class Bell:
    """Somebody who waits until he is told something."""

    def __init__(self) -> None:
        self._rung = Event()

    def tell(self, message: object) -> None:
        self._rung.set()

    def wait(self) -> None:
        self._rung.wait()


class Mischief:
    """A processor after the contract: delay, failure flag, insert, in this order; and a network that loses answers."""

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
        self.rule: Callable[[Payment], Refused | Unknown | None] = lambda payment: None
        """What it has against a payment, if anything; it doesn't hold it then."""
        self.delay_s = 0.0
        self.committed_at_s: dict[bytes, float] = {}

    def post(self, payment: Payment, requested_at_ms: int) -> Settled | Refused | Unknown:
        self.posts += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            for _ in range(self.chance.randrange(3)):
                gevent.sleep(0)  # others overtake it
            if self.delay_s:
                over = Bell()
                self.world.timers.tell_after(self.delay_s, over, None)
                over.wait()
            return self._answer(payment, Row(payment.amount_cents, requested_at_ms))
        finally:
            self.under_way -= 1

    def _answer(self, payment: Payment, row: Row) -> Settled | Refused | Unknown:
        self.insert_late_ones()
        objection = self.rule(payment)
        if objection is not None:
            return objection
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
        self.committed_at_s.setdefault(payment.payment_id, self.world.clock.now_s)
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
        self.world = world
        self.processors = {name: Mischief(world, chance) for name in FEES}
        self.session = world.probe("session")
        self.sequence = 1
        plan = Plan(
            [ProcessorHealth(name, fee_bps) for name, fee_bps in FEES.items()],
            policy,
            pool_size=POOL_SIZE,
            backlog_max=10_000,
            durable=False,
        )
        ports = Ports(world.clock, world.timers, self.processors, None, lambda reason: None, world.recorder)
        system = ActorSystem(plan, ports, world.supervisor)
        system.start()
        self.answer, self.has_work = system.answer, system.has_work
        self.intake, self.ledger, self.health = system.intake, system.ledger, system.health
        self.intake.tell(SessionOpened(self.session.reference))
        world.advance(0.0)

    def submit(self, payments: list[Payment], epoch: int = 0) -> None:
        first, self.sequence = self.sequence, self.sequence + len(payments)
        self.intake.tell(SubmitPayments(self.session.reference, epoch, first, payments))
        gevent.idle()

    def statistics(self) -> Statistics:
        counts: Statistics = self.intake.ask(GetCounts(), timeout=PATIENCE_S)
        held = counts.waiting + counts.in_flight + counts.unknown + counts.parked
        assert counts.accepted == counts.settled + held + counts.written_off
        return counts

    def booked(self) -> dict[str, dict[bytes, Row]]:
        page: RowsPage = self.ledger.ask(GetRows(0, 1_000_000), timeout=PATIENCE_S)
        assert len({each.payment_id for each in page.rows}) == page.total
        books: dict[str, dict[bytes, Row]] = {name: {} for name in FEES}
        for each in page.rows:
            books[each.processor][each.payment_id] = Row(each.amount_cents, each.requested_at_ms)
        return books

    def healthy(self) -> list[str]:
        return [each.name for each in self.health.ask(GetHealth(), timeout=PATIENCE_S) if each.healthy]


def payments(start: int, count: int) -> list[Payment]:
    return [Payment(number.to_bytes(16), 1000 + number) for number in range(start, start + count)]
