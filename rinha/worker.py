"""The worker process: the one file that names every actor and wires them together."""

from __future__ import annotations

import gc
import logging
import secrets
import signal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import gevent
import pykka
from gevent.event import Event

from actors.backlog import Backlog
from actors.book import Book
from actors.circuit import Circuit
from actors.credits import Credits
from actors.dispatcher import Dispatcher
from actors.guard import StartFailed
from actors.health import Health, HealthPoller
from actors.intake import Intake
from actors.ledger import Ledger
from actors.messages import GetHealth, GetHeld, GetRows, GetStatistics, GetSummary, ProcessorHealth, Statistics
from actors.payment import PaymentWorker
from actors.pool import Pool
from actors.routing import Cheapest, Fastest
from actors.runtime import GeventTimers, SupervisedGeventActor, SystemClock
from actors.supervisor import Supervisor
from actors.tracing import Tracer
from rinha.bridge.address import parse_address
from rinha.bridge.server import BridgeServer
from rinha.logs import trace_sink
from rinha.processors.client import HttpProcessorClient

if TYPE_CHECKING:
    from actors.guard import Factory
    from actors.reference import Reference
    from actors.routing import Policy
    from rinha.settings import Settings

logger = logging.getLogger(__name__)

ASK_TIMEOUT_S = 5.0
"""How long a request from an API waits for an actor's reply."""

SESSIONS_MAX = 64
"""Bridge sessions at a time; with the pool it bounds what can be in the intake's mailbox."""

LOOK_INTERVAL_S = 0.02
"""How often a drain looks whether all is settled."""


class Worker:
    """All actors of the worker process, and the bridge that feeds them.

    Args:
        settings: the settings.

    Raises:
        ValueError: an address or URL in the settings is none.
    """

    def __init__(self, settings: Settings) -> None:
        self.failed = Event()
        self._settings = settings
        self._clock = SystemClock()
        self._timers = GeventTimers()
        self._tracer = Tracer(settings.trace_share, trace_sink)
        self._supervisor = Supervisor(SupervisedGeventActor, self._clock, on_escalate=self.failed.set)
        self._clients = {
            each.name: HttpProcessorClient(
                each.name, each.url, deadline_s=settings.attempt_deadline_s, connections=settings.pool_size
            )
            for each in settings.processors
        }
        self._ledger: Reference
        self._intake: Reference
        self._health: Reference
        self._server: BridgeServer

    def start(self) -> None:
        """Start the actors, each after those it talks to, and open the bridge last.

        Raises:
            StartFailed: an actor did not start.
            OSError: the bridge's address can't be bound.
        """
        settings, clock = self._settings, self._clock
        names = tuple(each.name for each in settings.processors)
        # State that outlives restarts is made here; behaviours are made by the factories below, again and again.
        book, backlog, credit = Book(names), Backlog(names), Credits(settings.backlog_max)
        pool = Pool(names, limit=max(1, settings.pool_size // 2))
        healths = [ProcessorHealth(each.name, each.fee_bps) for each in settings.processors]
        dispatcher = Dispatcher(backlog, pool, self._policy(), healths, clock)
        started_s = clock.monotonic_s()
        circuits = {each.name: Circuit(each.name, each.fee_bps, started_s) for each in settings.processors}
        schedule: dict[str, float] = {}

        # Each attempt has at most two messages under way here, each session what its credit allows.
        capacity = 4 * settings.pool_size + SESSIONS_MAX * 64 + 1024
        self._ledger = self._start("ledger", lambda me: Ledger(book, self._tracer), capacity)
        self._intake = self._start(
            "intake",
            lambda me: Intake(me, backlog, credit, pool, dispatcher, self._ledger, self._timers, clock, self._tracer),
            capacity,
        )
        self._health = self._start(
            "health", lambda me: Health(me, circuits, self._intake, self._timers, clock), capacity
        )
        for name, client in self._clients.items():
            self._start(f"poller-{name}", self._poller(name, client, schedule), 8)
        names_of_pool = (f"payment-{number}" for number in range(settings.pool_size))
        self._supervisor.start_group(names_of_pool, self._payment_worker, capacity=8)

        self._server = BridgeServer(
            parse_address(settings.bridge),
            settings.bridge_secret.encode(),
            incarnation=secrets.randbits(63),
            epoch=backlog.epoch,
            intake=self._intake,
            answer=self.answer,
            tracer=self._tracer,
        )
        self._server.start()

    def answer(self, message: Any) -> Any:
        """Have a request from an API answered by the actor that knows.

        Raises:
            pykka.Timeout: it doesn't answer in time.
            pykka.ActorDeadError: it has stopped.
            ActorFailed: it failed.
        """
        match message:
            case GetSummary() | GetRows():
                return self._ledger.ask(message, timeout=ASK_TIMEOUT_S)
            case GetStatistics():
                return self._statistics()
            case _:
                return self._intake.ask(message, timeout=ASK_TIMEOUT_S)

    def drain(self, timeout_s: float) -> list[str]:
        """Take no more payments, and settle those that are held.

        Args:
            timeout_s: how long to settle.

        Returns:
            The ids of those that wait still, the oldest first.
        """
        deadline_s = self._clock.monotonic_s() + timeout_s
        self._server.drain(timeout_s)
        while self._has_work() and not self.failed.is_set() and self._clock.monotonic_s() < deadline_s:
            gevent.sleep(LOOK_INTERVAL_S)
        held = self._intake.ask(GetHeld(), timeout=ASK_TIMEOUT_S)
        return [str(UUID(bytes=each)) for each in held]

    def stop(self) -> None:
        """Close the bridge and stop all actors; what they hold is gone."""
        self._server.stop()
        # A payment actor may sit in an exchange that lasts as long as its deadline: the process ends without it.
        self._supervisor.stop(timeout_s=0.2)
        for client in self._clients.values():
            client.close()

    def _start(self, name: str, factory: Factory, capacity: int) -> Reference:
        return self._supervisor.start(name, factory, capacity=capacity)

    def _policy(self) -> Policy:
        settings = self._settings
        if settings.routing == "cheapest":
            return Cheapest(settings.patience_s)
        slots = max(1, round(settings.benchmark_share * settings.pool_size)) if settings.benchmark_share else 0
        return Fastest(settings.latency_tolerance_ms, slots)

    def _poller(self, name: str, client: HttpProcessorClient, schedule: dict[str, float]) -> Factory:
        return lambda me: HealthPoller(me, client, name, self._health, self._timers, self._clock, schedule)

    def _payment_worker(self, me: Reference) -> PaymentWorker:
        return PaymentWorker(me, self._clients, self._intake, self._ledger, self._health, self._clock, self._tracer)

    def _has_work(self) -> bool:
        counts: Statistics = self._intake.ask(GetStatistics(), timeout=ASK_TIMEOUT_S)
        return counts.waiting + counts.in_flight + counts.unknown > 0

    def _statistics(self) -> dict[str, Any]:
        counts: Statistics = self._intake.ask(GetStatistics(), timeout=ASK_TIMEOUT_S)
        healths: tuple[ProcessorHealth, ...] = self._health.ask(GetHealth(), timeout=ASK_TIMEOUT_S)
        return {
            **counts._asdict(),
            "processors": {each.name: each._asdict() for each in healths},
            "deadLetters": dict(self._supervisor.dead_letters.counts),
            "crashes": dict(self._supervisor.crashes),
        }


def run_worker(settings: Settings) -> int:
    """Run the worker until SIGTERM or SIGINT, then drain.

    Args:
        settings: the settings.

    Returns:
        The exit code: 0 if nothing waits, 1 if payments wait (their ids are logged) or the actors crashed too often,
        2 if it can't start.
    """
    asked_to_stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, asked_to_stop.set)
    worker = Worker(settings)
    try:
        worker.start()
    except (OSError, StartFailed) as error:
        logger.error("worker.start_failed", extra={"bridge": settings.bridge, "reason": str(error)})
        return 2
    gc.collect()
    gc.freeze()
    logger.info("worker.started", extra={"bridge": settings.bridge, "pool": settings.pool_size})
    gevent.wait([asked_to_stop, worker.failed], count=1)
    if worker.failed.is_set():
        return 1
    logger.info("worker.draining", extra={"drain_s": settings.drain_s})
    try:
        waiting = worker.drain(settings.drain_s)
    except (pykka.Timeout, pykka.ActorDeadError) as error:
        logger.error("worker.drain_failed", extra={"reason": repr(error)})
        return 1
    worker.stop()
    failed = bool(waiting) or worker.failed.is_set()
    logger.log(
        logging.ERROR if failed else logging.INFO, "worker.stopped", extra={"waiting": len(waiting), "ids": waiting}
    )
    return int(failed)
