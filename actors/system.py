"""The actor system: every actor, and how they are wired. What stands behind the ports is the composer's affair."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.answers import Answers
from actors.health.actor import Health
from actors.health.circuit import Circuit
from actors.health.poller import HealthPoller
from actors.intake.actor import Intake
from actors.intake.backlog.backlog import Backlog
from actors.intake.credits import Credits
from actors.intake.dispatch.dispatcher import Dispatcher
from actors.intake.dispatch.pace import Pace
from actors.intake.dispatch.pool import Pool
from actors.intake.earlier import Earlier
from actors.intake.purges import Purges
from actors.journal.acceptance import Durable, Journalled, WithoutJournal
from actors.journal.actor import Journal, Look
from actors.journal.buffer import JournalBuffer
from actors.journal.writer import JournalWriter
from actors.ledger.actor import Ledger
from actors.ledger.book import Book
from actors.messages.health import HealthChanged, ProbeDue
from actors.messages.journal import CheckStore, PromiseLost, StoreChanged, StoreChecked
from actors.messages.people import GetCounts, GetHeld
from actors.messages.sessions import (
    DrainBegun,
    DrainEnded,
    PaymentsSentBefore,
    SessionClosed,
    SessionEpochAdopted,
    SessionOpened,
)
from actors.messages.settling import PaymentActorReady
from actors.payment import PaymentActor
from actors.promises import PROMISES, payments_of
from actors.restoring import restore
from actors.runtime.alarm import Wake
from actors.runtime.guard import ActorFailed
from actors.runtime.reference import MailboxFull

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actors.plan import Plan
    from actors.ports import History, ProcessorClient, Relay, Store
    from actors.reports import Statistics
    from actors.runtime.clocks import Clock, Timers
    from actors.runtime.guard import Factory
    from actors.runtime.reference import Reference
    from actors.runtime.supervisor import Supervisor
    from actors.tracing import Recorder

logger = logging.getLogger(__name__)

_FEW = (
    Wake,
    Look,
    CheckStore,
    StoreChecked,
    StoreChanged,
    PaymentActorReady,
    SessionOpened,
    PaymentsSentBefore,
    SessionClosed,
    DrainBegun,
    DrainEnded,
    HealthChanged,
    ProbeDue,
    PromiseLost,
)
"""Of these there are few at a time for each timer, store, payment actor, session or processor. What is told once must
not be lost to the others that pass the bound."""

UNBOUNDED = (*PROMISES, *_FEW, SessionEpochAdopted)
"""Messages that pass a mailbox's bound. What causes them is bounded: by credit, which is renewed when a payment is on
record, by the pool's size and by the number of sessions."""


class Ports(NamedTuple):
    """What the actors need of the world; see ``ports.py``.

    Args:
        clock: the clocks.
        timers: messages for later.
        clients: each processor's client, by its name.
        store: where the journal is kept; None for no journal.
        on_broken: called with the reason if the store can't be trusted any more; ends the process.
        recorder: told of what happens to payments.
    """

    clock: Clock
    timers: Timers
    clients: Mapping[str, ProcessorClient]
    store: Store | None
    on_broken: Callable[[str], None]
    recorder: Recorder


class ActorSystem:
    """All actors of a worker.

    Args:
        plan: how it is to be.
        ports: what it needs of the world.
        supervisor: starts, watches and stops them; made with ``UNBOUNDED``.
    """

    def __init__(self, plan: Plan, ports: Ports, supervisor: Supervisor) -> None:
        self.supervisor = supervisor
        self.intake: Reference
        self.ledger: Reference
        self.health: Reference
        self.history: History | None = None
        """For whoever stops the system to close, once it has started; None without a store."""
        self._answers: Answers
        self._plan = plan
        self._ports = ports

    def start(self) -> None:
        """Start the actors with what the store holds, each after those that it talks to at its start.

        Raises:
            StartFailed: an actor did not start. ``stop`` stops those that did.
            StoreUnavailable, StoreBroken: the store can't be read; none was started.
        """
        plan, (clock, timers, clients, store, on_broken, recorder) = self._plan, self._ports
        names = tuple(each.name for each in plan.processors)
        # State that outlives restarts is made here; behaviours are made by the factories below, again and again.
        epoch = 0 if store is None else store.epoch()
        now_s = clock.monotonic_s()
        sizes, most = plan.sizes, None if store is None else plan.memory_payments
        crowd = sizes.bucket_records
        book = Book(
            names,
            epoch,
            rows_max=most,
            records_per_bucket=crowd,
            block_rows=sizes.block_rows,
            sum_ms=sizes.sum_ms,
        )
        backlog = Backlog(names, epoch, now_s, parking=plan.parking, ids_max=most, records_per_bucket=crowd)
        earlier = Earlier(now_s, plan.repeat_s)
        credit, purges = Credits(plan.backlog_max, sizes.window_payments), Purges()
        pool = Pool(names, limit=max(1, plan.pool_size // 2))
        dispatcher = Dispatcher(backlog, pool, plan.policy, plan.processors, clock, Pace(plan.settle_per_s))
        circuits = {each.name: Circuit(each.name, each.fee_bps, now_s) for each in plan.processors}
        schedule: dict[str, float] = {}
        self.supervisor.dead_letters.watch(PROMISES, self._promise_lost)
        relay: Relay = WithoutJournal()
        if store is not None:
            restore(store, book, backlog, now_s, suspect=not plan.durable, start_rows=sizes.start_rows)
            purges.mark = store.feed_mark()
            relay = self._start_journal(store, on_broken, recorder)

        # Each attempt has at most two messages under way, each session what its credit allows.
        self.ledger = self._start("ledger", lambda me: Ledger(book, relay, recorder))
        self.intake = self._start(
            "intake",
            lambda me: Intake(
                me, backlog, earlier, credit, purges, pool, dispatcher, self.ledger, relay, timers, clock, recorder
            ),
        )
        self.health = self._start("health", lambda me: Health(me, circuits, self.intake, timers, clock))
        self.history = None if store is None else store.history()
        self._answers = Answers(self.intake, self.ledger, self.health, self.supervisor, self.history)
        for name in names:
            self._start_poller(name, schedule)
        self.supervisor.start_group(
            (f"payment-{number}" for number in range(plan.pool_size)),
            lambda me: PaymentActor(me, clients, self.intake, self.ledger, self.health, clock, recorder),
            capacity=8,
        )

    def answer(self, message: Any) -> Any:
        """Have a question answered by the actor that knows, or the actors.

        Raises:
            pykka.Timeout: it doesn't answer in time.
            pykka.ActorDeadError: it has stopped.
            ActorFailed: it failed.
        """
        return self._answers.answer(message)

    def begin_drain(self) -> None:
        """The bridge is about to be closed; what is held is settled, and nothing more comes."""
        self.intake.tell(DrainBegun())

    def end_drain(self) -> None:
        """The drain is over: nothing more is sent. What is under way may end, and is recorded."""
        self.intake.tell(DrainEnded())

    def has_work(self) -> bool:
        """Whether anything is held that will settle by itself, or so much is under way that nobody can say."""
        try:
            counts: Statistics = self.answer(GetCounts())
        except (ActorFailed, MailboxFull):
            return True
        return counts.waiting + counts.in_flight + counts.unknown > 0

    def held(self) -> tuple[bytes, ...]:
        """Ids of the payments that aren't settled, the oldest first."""
        ids: tuple[bytes, ...] = self.answer(GetHeld())
        return ids

    def _promise_lost(self, message: Any, reason: str) -> None:
        """A bug: with a durable journal the next worker has the payment, else it is at least said which one it was."""
        extra = {"payments": payments_of(message), "letter": type(message).__name__, "reason": reason}
        logger.critical("actor.promise_lost", extra=extra)
        if self._plan.durable:
            self._ports.on_broken(f"a message that carried a promise could not be delivered: {reason}")
        else:
            self.intake.tell(PromiseLost())

    def _start(self, name: str, factory: Factory, capacity: int = 0) -> Reference:
        return self.supervisor.start(name, factory, capacity=capacity or self._capacity())

    def _capacity(self) -> int:
        return 4 * self._plan.pool_size + self._plan.sizes.mailbox_messages

    def _start_poller(self, name: str, schedule: dict[str, float]) -> None:
        client, timers, clock = self._ports.clients[name], self._ports.timers, self._ports.clock

        def poller(me: Reference) -> HealthPoller:
            return HealthPoller(me, client, name, self.health, timers, clock, schedule)

        self._start(f"poller-{name}", poller, capacity=8)

    def _start_journal(self, store: Store, on_broken: Callable[[str], None], recorder: Recorder) -> Relay:
        buffer = JournalBuffer()
        timers = self._ports.timers
        # The journal and its writer talk to each other, and the intake comes later: they are looked up when told.
        journal = self._start(
            "journal", lambda me: Journal(me, buffer, lambda: writer, lambda: self.intake, on_broken, timers, recorder)
        )
        writer = self._start("journal-writer", lambda me: JournalWriter(store, journal, on_broken), capacity=8)
        return Durable(journal) if self._plan.durable else Journalled(journal)
