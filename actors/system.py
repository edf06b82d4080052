"""The actor system: every actor, and how they are wired. What stands behind the ports is the composer's affair."""

from __future__ import annotations

import logging
import math
from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.health.actor import Health
from actors.health.circuit import Circuit
from actors.health.poller import HealthPoller
from actors.intake.actor import Intake
from actors.intake.backlog import Backlog
from actors.intake.credits import WINDOW_MAX, Credits
from actors.intake.dispatcher import Dispatcher
from actors.intake.earlier import Earlier
from actors.intake.pace import Pace
from actors.intake.parked import Parking
from actors.intake.pool import Pool
from actors.intake.purges import Purges
from actors.journal.acceptance import Durable, Journalled, WithoutJournal
from actors.journal.actor import Journal, Look
from actors.journal.buffer import JournalBuffer
from actors.journal.writer import JournalWriter
from actors.ledger.actor import Ledger
from actors.ledger.book import Book
from actors.ledger.timeline import BLOCK_ROWS
from actors.messages.health import HealthChanged, ProbeDue
from actors.messages.journal import CheckStore, PromiseLost, StoreChanged, StoreChecked
from actors.messages.people import GetCounts, GetHealth, GetHeld, GetRows, GetStatistics, GetSummary
from actors.messages.sessions import DrainBegun, PaymentsSentBefore, SessionClosed, SessionEpochAdopted, SessionOpened
from actors.messages.settling import PaymentActorReady
from actors.packed.id_map import RECORDS_PER_BUCKET
from actors.payment import PaymentActor
from actors.promises import PROMISES, payments_of
from actors.reports import WorkerStatistics
from actors.runtime.alarm import Wake
from actors.runtime.guard import ActorFailed
from actors.runtime.reference import MailboxFull

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from actors.intake.routing import Policy
    from actors.ports import ProcessorClient, Relay, Store
    from actors.reports import Statistics
    from actors.runtime.clocks import Clock, Timers
    from actors.runtime.guard import Factory
    from actors.runtime.reference import Reference
    from actors.runtime.supervisor import Supervisor
    from actors.tracing import Recorder
    from actors.values import ProcessorHealth

logger = logging.getLogger(__name__)

ASK_TIMEOUT_S = 5.0
"""How long a question waits for an actor's reply."""

SESSIONS_MAX = 64
"""Bridge sessions at a time; with the pool it bounds what can be in a mailbox."""


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


class Sizes(NamedTuple):
    """How much fits into one piece of what consists of pieces. Only the simulation has other sizes: it gets to edges.

    Args:
        bucket_records: ids in a bucket of an id map, on average.
        block_rows: rows in a block of a timeline.
        window_payments: unused credit of one session, at most.
        mailbox_messages: messages that a mailbox holds, beside those that the pool's attempts cause.
    """

    bucket_records: int = RECORDS_PER_BUCKET
    block_rows: int = BLOCK_ROWS
    window_payments: int = WINDOW_MAX
    mailbox_messages: int = SESSIONS_MAX * 64 + 1024


class Plan(NamedTuple):
    """How the system is to be.

    Args:
        processors: names and fees, in the order of summaries.
        policy: which processor gets a payment.
        pool_size: number of payment actors.
        backlog_max: payments held at most.
        durable: a payment is acknowledged once it is on disk; needs a store.
        settle_per_s: waiting payments that are sent per second at most.
        repeat_s: for so long after the start, what APIs sent to a worker before this one is looked for before it is
            sent.
        parking: when a payment is parked that is itself at fault.
        sizes: how much fits into one piece.
    """

    processors: Sequence[ProcessorHealth]
    policy: Policy
    pool_size: int
    backlog_max: int
    durable: bool
    settle_per_s: float = math.inf
    repeat_s: float = 300.0
    parking: Parking = Parking()
    sizes: Sizes = Sizes()


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
        crowd, block_rows, window, _ = plan.sizes
        book = Book(names, epoch, records_per_bucket=crowd, block_rows=block_rows)
        backlog = Backlog(names, epoch, now_s, parking=plan.parking, records_per_bucket=crowd)
        earlier = Earlier(now_s, plan.repeat_s)
        credit, purges = Credits(plan.backlog_max, window), Purges()
        pool = Pool(names, limit=max(1, plan.pool_size // 2))
        dispatcher = Dispatcher(backlog, pool, plan.policy, plan.processors, clock, Pace(plan.settle_per_s))
        circuits = {each.name: Circuit(each.name, each.fee_bps, now_s) for each in plan.processors}
        schedule: dict[str, float] = {}
        self.supervisor.dead_letters.watch(PROMISES, self._promise_lost)
        relay: Relay = WithoutJournal()
        if store is not None:
            self._restore(store, book, backlog)
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
        match message:
            case GetStatistics():
                return self._statistics()
            case GetSummary() | GetRows():
                return self.ledger.ask(message, timeout=ASK_TIMEOUT_S)
            case GetHealth():
                return self.health.ask(message, timeout=ASK_TIMEOUT_S)
            case _:
                return self.intake.ask(message, timeout=ASK_TIMEOUT_S)

    def begin_drain(self) -> None:
        """The bridge is about to be closed; what is held is settled, and nothing more comes."""
        self.intake.tell(DrainBegun())

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

    def _statistics(self) -> WorkerStatistics:
        return WorkerStatistics(
            self.answer(GetCounts()),
            self.answer(GetHealth()),
            dict(self.supervisor.dead_letters.counts),
            dict(self.supervisor.crashes.counts),
        )

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

    def _restore(self, store: Store, book: Book, backlog: Backlog) -> None:
        taken_cents = array("q")
        for chunk in store.settled():
            if chunk:
                payment_ids, taken, processors, amounts_cents, instants_ms = zip(*chunk, strict=True)
                book.extend(payment_ids, processors, amounts_cents, instants_ms)
                taken_cents.extend(taken)
                for name, payment_id in dict(zip(processors, payment_ids, strict=True)).items():
                    if name in backlog.outcomes.routes:
                        backlog.outcomes.routes[name].witness = payment_id
        backlog.restore_settled(book.ids_with(taken_cents))
        backlog.restore_written_off(store.written_off())
        backlog.restore_open(store.open(), self._ports.clock.monotonic_s(), suspect=not self._plan.durable)
