"""The worker: the actor system on gevent, the processors and the store it works with, and the bridge that feeds it."""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from typing import TYPE_CHECKING
from uuid import UUID

import gevent
from gevent.event import Event
from gevent.pool import Group

from actors.intake.backlog.parked import Parking
from actors.intake.dispatch.routing import Cheapest, Fastest
from actors.messages.people import GetCounts
from actors.messages.sessions import MemoryChanged
from actors.plan import Plan
from actors.ports import StoreBroken, StoreUnavailable
from actors.runtime.clocks import SystemClock
from actors.runtime.crashes import Crashes
from actors.runtime.greenlets import GeventTimers, SupervisedGeventActor
from actors.runtime.meter import Meter
from actors.runtime.supervisor import Supervisor
from actors.system import UNBOUNDED, ActorSystem, Ports
from actors.values import ProcessorHealth
from rinha.bridge.protocol.wire.frames import Tally
from rinha.bridge.protocol.worker.journals import NO_JOURNAL, Journals, describe
from rinha.bridge.server.questions import FAILURES
from rinha.bridge.server.server import BridgeServer
from rinha.overview.durations import Durations
from rinha.overview.watch import Watch
from rinha.process import WORKER_ROLE
from rinha.processors.open import open_client
from rinha.processors.shared_health import SharedHealthClient
from rinha.trace.recording.process import Process
from rinha.trace.recording.recorder import REVIEW_S, ProcessRecorder
from rinha.worker.answers import Answers
from rinha.worker.memory import MemoryWatch, read_memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actors.intake.dispatch.routing import Policy
    from actors.ports import ProcessorClient, Store
    from rinha.processors.client import HttpProcessorClient
    from rinha.settings.table import Settings

logger = logging.getLogger(__name__)

LOOK_INTERVAL_S = 0.02
"""How often a drain looks whether all is settled."""

KEEP_PLACE_S = 1.0
"""How often a worker says that it is alive; after 5 s without it one that stands by takes over."""

STOP_TIMEOUT_S = 0.2
"""A payment actor may sit in an exchange that lasts as long as its deadline: the process ends without it."""


class Worker:
    """The composition root of the worker process.

    Args:
        settings: the settings.
        listen_fd: a bound socket that was inherited for the bridge; without one, the address in the settings is bound.
        name: its name for people.

    Raises:
        StoreBroken: the store's library isn't there.
    """

    def __init__(self, settings: Settings, listen_fd: int | None = None, name: str = WORKER_ROLE) -> None:
        self.failed = Event()
        """Set when the process must end: actors crashed too often, or the store can't be trusted."""
        self.began = Tally()
        """What was in the books and held at the start."""
        self._settings = settings
        self._listen_fd = listen_fd
        self._clock = SystemClock()
        self._incarnation = secrets.randbits(62) + 1
        self._durations = Durations() if settings.dashboard == "on" else None
        self._recorder = ProcessRecorder(
            Process(name, f"{self._incarnation:016x}", "worker"),
            recent=settings.trace_recent,
            share=settings.trace_share,
            slow_ms=settings.trace_slow_ms,
            durations=self._durations,
        )
        self._each_second = Group()
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
            memory_payments=settings.memory_payments,
        )
        asked = _share_health(settings, self._clients)
        ports = Ports(self._clock, GeventTimers(), asked, self._store, self._on_broken, self._recorder)
        self._meter = Meter() if self._durations is not None else None
        supervisor = Supervisor(
            SupervisedGeventActor,
            self._clock,
            Crashes(self._clock, self.failed.set),
            unbounded=UNBOUNDED,
            instruments=() if self._meter is None else (self._meter,),
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
        shard = 0 if self._store is None else self._store.shard()
        answers = Answers(
            self._system.answer,
            self._recorder.process.run,
            role=self._recorder.process.role,
            place=(shard, self._settings.shards, journal),
            traces=self._recorder,
            watch=self._make_watch(),
        )
        answers.look()
        self._server = BridgeServer(
            self._settings.bridge,
            self._settings.bridge_secret.read(),
            incarnation=self._incarnation,
            intake=self._system.intake,
            answer=answers.answer,
            journals=Journals(journal, accepted=self._settings.journal_id is not None),
            listen_fd=self._listen_fd,
            began_with=self.began.settled,
            tally=self._counts,
        )
        answers.ask_all = self._server.ask_all
        self._server.start()
        memory = MemoryWatch(read_memory, lambda full: self._system.intake.tell(MemoryChanged(full)), self._settled)
        self._each_second.spawn(self._review, memory)
        if self._store is not None and self._settings.nats is not None:
            self._each_second.spawn(self._keep_place, self._store)
        if self._meter is not None:
            self._each_second.spawn(self._look, answers)

    def _check_journal(self) -> bytes:
        journal = NO_JOURNAL if self._store is None else self._store.journal_id()
        expected = self._settings.journal_id
        if expected not in {None, journal}:
            raise StoreBroken(
                f"RINHA_JOURNAL_ID names {describe(expected or NO_JOURNAL)}, but RINHA_STORE holds "
                f"{describe(journal)}: go on with that one by RINHA_JOURNAL_ID={UUID(bytes=journal)}"
            )
        epoch = 0 if self._store is None else self._store.epoch()
        logger.info("worker.journal", extra={"journal": str(UUID(bytes=journal)), "epoch": epoch, **self._own_shard()})
        return journal

    def _own_shard(self) -> dict[str, int]:
        return {} if self._store is None or self._settings.shards == 1 else {"shard": self._store.shard()}

    def _counts(self) -> Tally:
        counts = self._system.answer(GetCounts())
        held = counts.waiting + counts.in_flight + counts.unknown + counts.parked
        return Tally(counts.settled, held, self._settings.backlog_max)

    def _settled(self) -> int:
        return self._counts().settled

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
        self._system.end_drain()
        return [str(UUID(bytes=each)) for each in self._system.held()]

    def stop(self) -> None:
        """Close the bridge and stop all actors; what they hold in memory alone is gone."""
        if self._server is not None:
            self._server.stop()
        self._system.supervisor.stop(STOP_TIMEOUT_S)
        for client in self._clients.values():
            client.close()
        if self._system.history is not None:
            self._system.history.close()
        if self._store is not None:
            self._store.close()

    def close(self) -> None:
        """Have the trace lines written that wait, however the worker ended."""
        self._each_second.kill()
        self._recorder.close()

    def _make_watch(self) -> Watch | None:
        if self._meter is None or self._durations is None:
            return None
        actors, recorder = self._system, self._recorder
        return Watch(actors.answer, actors.supervisor, self._meter, recorder, self._durations, self._clock)

    def _keep_place(self, store: Store) -> None:
        while True:
            # Without an answer the journal says so, and those who stand by take their time.
            with contextlib.suppress(StoreUnavailable, StoreBroken):
                store.keep_place()
            gevent.sleep(KEEP_PLACE_S)

    def _review(self, memory: MemoryWatch) -> None:
        while True:
            gevent.sleep(REVIEW_S)
            self._recorder.review_if_due()
            # An actor may be too busy to say how many payments there are: the next time will do.
            with contextlib.suppress(*FAILURES):
                memory.look()

    def _look(self, answers: Answers) -> None:
        while True:
            gevent.sleep(1.0 - time.time() % 1.0)
            self._recorder.review()  # so that what took how long belongs to the same second
            if answers.look_is_due:
                # An actor may fail on it, or be too busy: the next time will do.
                with contextlib.suppress(*FAILURES):
                    answers.look()

    def _on_broken(self, reason: str) -> None:
        self.failed.set()


def _store(settings: Settings) -> Store | None:
    if settings.store is None:
        return None
    # Only here, so that a worker without a journal needs none of their libraries.
    from rinha.store.open import open_store
    from rinha.store.threadpool import ThreadpoolStore

    return ThreadpoolStore(open_store(settings.store, settings.shards, stands_by=settings.nats is not None))


def _share_health(settings: Settings, clients: Mapping[str, HttpProcessorClient]) -> Mapping[str, ProcessorClient]:
    """The clients by which processors are asked: where there are several workers, one asks for health for all."""
    if settings.nats is None:
        return clients
    # Only here, so that a worker without a journal needs none of their libraries.
    from rinha.store.postgres.health_board import HealthBoard
    from rinha.store.postgres.url import PostgresUrl
    from rinha.store.threadpool_board import ThreadpoolBoard

    assert isinstance(settings.store, PostgresUrl)  # the settings see to it
    board = ThreadpoolBoard(HealthBoard(settings.store))
    return {name: SharedHealthClient(client, name, board) for name, client in clients.items()}


def _policy(settings: Settings) -> Policy:
    if settings.routing == "cheapest":
        return Cheapest(settings.patience_s)
    slots = max(1, round(settings.benchmark_share * settings.pool_size)) if settings.benchmark_share else 0
    return Fastest(settings.latency_tolerance_ms, slots)
