"""The worker: the actor system on gevent, the processors and the store it works with, and the bridge that feeds it."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING
from uuid import UUID

import gevent
from gevent.event import Event

from actors.intake.parked import Parking
from actors.intake.routing import Cheapest, Fastest
from actors.messages.people import GetCounts
from actors.plan import Plan
from actors.ports import StoreBroken
from actors.runtime.clocks import SystemClock
from actors.runtime.crashes import Crashes
from actors.runtime.greenlets import GeventTimers, SupervisedGeventActor
from actors.runtime.supervisor import Supervisor
from actors.system import UNBOUNDED, ActorSystem, Ports
from actors.tracing import MessageTracing, Tracer
from actors.values import ProcessorHealth
from rinha.bridge.protocol.frames import Tally
from rinha.bridge.protocol.journals import NO_JOURNAL, Journals, describe
from rinha.bridge.server.server import BridgeServer
from rinha.logs import trace_sink
from rinha.processors.open import open_client
from rinha.worker.answers import Answers

if TYPE_CHECKING:
    from actors.intake.routing import Policy
    from actors.ports import Store
    from rinha.settings.table import Settings

logger = logging.getLogger(__name__)

LOOK_INTERVAL_S = 0.02
"""How often a drain looks whether all is settled."""

STOP_TIMEOUT_S = 0.2
"""A payment actor may sit in an exchange that lasts as long as its deadline: the process ends without it."""


class Worker:
    """The composition root of the worker process.

    Args:
        settings: the settings.
        listen_fd: a bound socket that was inherited for the bridge; without one, the address in the settings is bound.

    Raises:
        StoreBroken: the store's library isn't there.
    """

    def __init__(self, settings: Settings, listen_fd: int | None = None) -> None:
        self.failed = Event()
        """Set when the process must end: actors crashed too often, or the store can't be trusted."""
        self.began = Tally()
        """What was in the books and held at the start."""
        self._settings = settings
        self._listen_fd = listen_fd
        self._clock = SystemClock()
        self._tracer = Tracer(settings.trace_share, trace_sink)
        self._store = _store(settings)
        self._clients = {
            each.name: open_client(each.url, connections=settings.pool_size, deadline_s=settings.attempt_deadline_s)
            for each in settings.processors
        }
        plan = Plan(
            [ProcessorHealth(each.name, each.fee_bps) for each in settings.processors],
            _policy(settings),
            settings.pool_size,
            settings.backlog_max,
            durable=settings.accept == "durable",
            settle_per_s=settings.settle_per_s,
            repeat_s=settings.repeat_s,
            parking=Parking(settings.park_refusals, settings.park_unknown_s),
        )
        ports = Ports(self._clock, GeventTimers(), self._clients, self._store, self._on_broken, self._tracer)
        supervisor = Supervisor(
            SupervisedGeventActor,
            self._clock,
            Crashes(self._clock, self.failed.set),
            unbounded=UNBOUNDED,
            instruments=[MessageTracing(self._tracer)] if settings.trace_share else [],
        )
        self._system = ActorSystem(plan, ports, supervisor)
        self._server: BridgeServer | None = None

    def start(self) -> None:
        """Start the actors, and open the bridge last.

        Raises:
            StartFailed: an actor did not start.
            StoreUnavailable, StoreBroken: the store can't be read, or is another one than ``RINHA_JOURNAL_ID`` names.
            OSError: the bridge's address can't be bound, or its secret can't be written or read.
            ValueError: the file of the bridge's secret holds none.
        """
        journal = self._check_journal()
        self._system.start()
        self.began = self._counts()
        self._settings.bridge_secret.make()
        incarnation = secrets.randbits(62) + 1
        answers = Answers(self._system.answer, f"{incarnation:016x}")
        self._server = BridgeServer(
            self._settings.bridge,
            self._settings.bridge_secret.read(),
            incarnation=incarnation,
            intake=self._system.intake,
            answer=answers.answer,
            tracer=self._tracer,
            journals=Journals(journal, accepted=self._settings.journal_id is not None),
            listen_fd=self._listen_fd,
            began_with=self.began.settled,
            tally=self._counts,
        )
        answers.ask_all = self._server.ask_all
        self._server.start()

    def _check_journal(self) -> bytes:
        journal = NO_JOURNAL if self._store is None else self._store.journal_id()
        expected = self._settings.journal_id
        if expected not in {None, journal}:
            raise StoreBroken(
                f"RINHA_JOURNAL_ID names {describe(expected or NO_JOURNAL)}, but RINHA_STORE holds "
                f"{describe(journal)}: go on with that one by RINHA_JOURNAL_ID={UUID(bytes=journal)}"
            )
        epoch = 0 if self._store is None else self._store.epoch()
        logger.info("worker.journal", extra={"journal": str(UUID(bytes=journal)), "epoch": epoch})
        return journal

    def _counts(self) -> Tally:
        counts = self._system.answer(GetCounts())
        held = counts.waiting + counts.in_flight + counts.unknown + counts.parked
        return Tally(counts.settled, held, self._settings.backlog_max)

    def drain(self, timeout_s: float) -> list[str]:
        """Take no more payments, and settle those that are held.

        Args:
            timeout_s: how long to settle.

        Returns:
            The ids of those that wait still, the oldest first.
        """
        deadline_s = self._clock.monotonic_s() + timeout_s
        self._system.begin_drain()
        if self._server is not None:
            self._server.drain(timeout_s)
        while self._system.has_work() and not self.failed.is_set() and self._clock.monotonic_s() < deadline_s:
            gevent.sleep(LOOK_INTERVAL_S)
        return [str(UUID(bytes=each)) for each in self._system.held()]

    def stop(self) -> None:
        """Close the bridge and stop all actors; what they hold in memory alone is gone."""
        if self._server is not None:
            self._server.stop()
        self._system.supervisor.stop(STOP_TIMEOUT_S)
        for client in self._clients.values():
            client.close()
        if self._store is not None:
            self._store.close()

    def _on_broken(self, reason: str) -> None:
        self.failed.set()


def _store(settings: Settings) -> Store | None:
    if settings.store is None:
        return None
    # Only here, so that a worker without a journal needs none of their libraries.
    from rinha.store.open import open_store
    from rinha.store.threadpool import ThreadpoolStore

    return ThreadpoolStore(open_store(settings.store))


def _policy(settings: Settings) -> Policy:
    if settings.routing == "cheapest":
        return Cheapest(settings.patience_s)
    slots = max(1, round(settings.benchmark_share * settings.pool_size)) if settings.benchmark_share else 0
    return Fastest(settings.latency_tolerance_ms, slots)
