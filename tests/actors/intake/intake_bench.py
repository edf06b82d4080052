"""The intake with a session, two payment actors and a ledger that take notes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import gevent

from actors.intake.actor import Intake
from actors.intake.backlog.backlog import Backlog
from actors.intake.credits import Credits
from actors.intake.dispatch.dispatcher import Dispatcher
from actors.intake.dispatch.pace import Pace
from actors.intake.dispatch.pool import Pool
from actors.intake.dispatch.routing import Fastest
from actors.intake.earlier import Earlier
from actors.intake.purges import Purges
from actors.journal.acceptance import WithoutJournal
from actors.messages.people import Explain, GetCounts, GetPayments, PurgePayments
from actors.messages.sessions import SubmitPayments
from actors.messages.settling import Attempt, AttemptEnded, PaymentActorReady, PaymentRecorded
from actors.values import Payment, ProcessorHealth, Settled
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from actors.reports import PaymentReport, PaymentsPage, Statistics
    from actors.runtime.reference import Reference
    from actors.values import Absent, Outcome
    from tests.actors.fakes import Probe, World

NAMES = ("default", "fallback")
HEALTHY = (ProcessorHealth("default", 500), ProcessorHealth("fallback", 1500))
DOWN = tuple(each._replace(healthy=False) for each in HEALTHY)


def payment(number: int, cents: int = 1990, *, traced: bool = False) -> Payment:
    return Payment(number.to_bytes(16), cents, int(traced))


class IntakeBench:
    """The intake, a session, two payment actors and a ledger."""

    def __init__(self, world: World, *, backlog_max: int = 1000) -> None:
        self.world = world
        self.ledger = world.probe("ledger")
        self.session = world.probe("session")
        self.workers = [world.probe("worker-1"), world.probe("worker-2")]
        self.backlog = Backlog(NAMES, started_s=world.clock.monotonic_s())
        self.earlier = Earlier(world.clock.monotonic_s(), keep_s=300.0)
        self.pool = Pool(NAMES, limit=2)
        self.credits = Credits(backlog_max)
        self.purges = Purges()
        self.dispatcher = Dispatcher(self.backlog, self.pool, Fastest(), HEALTHY, world.clock, Pace(math.inf))
        self.intake = world.start("intake", self.make)
        self.sequence = 1

    def make(self, me: Reference) -> Intake:
        return Intake(
            me,
            self.backlog,
            self.earlier,
            self.credits,
            self.purges,
            self.pool,
            self.dispatcher,
            self.ledger.reference,
            WithoutJournal(),
            self.world.timers,
            self.world.clock,
            self.world.recorder,
        )

    def ready(self) -> None:
        for worker in self.workers:
            self.tell(PaymentActorReady(worker.reference))

    def tell(self, message: Any) -> None:
        self.intake.tell(message)
        gevent.idle()

    def submit(self, *payments: Payment, epoch: int = 0, redelivered: bool = False) -> None:
        first, self.sequence = self.sequence, self.sequence + len(payments)
        self.tell(SubmitPayments(self.session.reference, epoch, first, payments, redelivered))

    def purge(self) -> Probe:
        """Purge, and wait for nothing.

        Returns:
            Whoever asked for it.
        """
        asker = self.world.probe("asker")
        self.tell(PurgePayments(asker.reference))
        return asker

    def attempts(self) -> list[Attempt]:
        """Attempts since the last look, of all payment actors."""
        return [each for worker in self.workers for each in worker.take(Attempt)]

    def attempt(self) -> Attempt:
        (only,) = self.attempts()
        return only

    def end(self, attempt: Attempt, outcome: Outcome | Absent) -> None:
        """Have the payment actor that is at work on an attempt report."""
        (worker,) = [each for each in self.workers if self.pool.carries_out(each.reference, attempt)]
        self.tell(AttemptEnded(worker.reference, attempt, outcome))

    def settle(self, attempt: Attempt) -> None:
        self.end(attempt, Settled(attempt.payment.amount_cents, attempt.requested_at_ms))
        self.tell(PaymentRecorded(attempt.payment.payment_id, attempt.epoch))

    def reports(self, state: str = "") -> tuple[PaymentReport, ...]:
        """What people are told of the payments in a state (``GetPayments``); of no circuit is anything known."""
        page: PaymentsPage = self.intake.ask(Explain(GetPayments(state), ()), timeout=PATIENCE_S)
        return page.payments

    def statistics(self) -> Statistics:
        counts: Statistics = self.intake.ask(GetCounts(), timeout=PATIENCE_S)
        held = counts.waiting + counts.in_flight + counts.unknown + counts.parked
        assert counts.accepted == counts.settled + held + counts.written_off
        return counts
