"""One life of the simulated worker: the real actors on simulated ports, as ``rinha/worker/composition.py`` has it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import pykka

from actors.plan import Plan, Sizes
from actors.runtime.crashes import Crashes
from actors.runtime.supervisor import Supervisor
from actors.system import UNBOUNDED, ActorSystem, Ports
from actors.values import ProcessorHealth
from rinha.processors.client import HttpProcessorClient
from tests.simulation.bridge import LOOK_INTERVAL_S, SimulatedBridge
from tests.simulation.chaos import Chaos, FragileClock, FragileRecorder, FragileTimers, InjectedCrash
from tests.simulation.exchange import Knowledge, SimulatedExchange
from tests.simulation.runtime import SimulatedFuture, SimulatedTimers, SupervisedSimulatedActor
from tests.simulation.scheduler import Process, Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actors.intake.dispatch.routing import Policy
    from actors.ports import Store
    from actors.runtime.clocks import Clock
    from tests.simulation.processor import SimulatedProcessor
    from tests.simulation.runtime import SimulatedClock

FEES_BPS = {"default": 500, "fallback": 1500}

DEADLINE_S = 2.0
"""How long the client waits for a whole answer. Shorter than in earnest, so that a run has time for what follows."""


MAILBOX = 8
"""Messages: few payments are as much for such mailboxes as thousands for those of the worker."""


class Config(NamedTuple):
    """What differs from run to run."""

    pool_size: int
    backlog_max: int
    policy: Policy
    latency_s: float
    settle_per_s: float
    sizes: Sizes
    memory_payments: int


class NotingCrashes(Crashes):
    """Keeps those that nobody injected."""

    def __init__(self, clock: Clock, on_escalate: Callable[[], None]) -> None:
        super().__init__(clock, on_escalate)
        self.bugs: list[str] = []

    def note(self, name: str, message: Any, error: BaseException, *, counts: bool = True) -> None:
        if not isinstance(error, InjectedCrash):
            self.bugs.append(f"{name} crashed at {type(message).__name__}: {error!r}")
        super().note(name, message, error, counts=counts)


class TightSystem(ActorSystem):
    """With a durable journal its mailboxes hold little: whatever waits for the disk must pass their bounds."""

    def _capacity(self) -> int:
        # Each payment actor reports once for work.
        return MAILBOX + self._plan.pool_size if self._plan.durable else super()._capacity()


class SimulatedWorker:
    """One incarnation of the worker process.

    Args:
        scheduler: time and chance.
        incarnation: its number, from 1.
        config: what differs from run to run.
        processors: they outlive it.
        clock: so does the clock.
        chaos: crashes of its actors.
        store: makes its hold on the disk; None without a journal.
        durable: whether payments are acknowledged once they are on disk.
        on_failure: called when it ends itself.
        on_purge: told of the beginning and the end of purges.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        incarnation: int,
        config: Config,
        processors: Mapping[str, SimulatedProcessor],
        *,
        clock: SimulatedClock,
        chaos: Chaos,
        store: Callable[[Process], Store] | None,
        durable: bool,
        on_failure: Callable[[], None],
        on_purge: Callable[[object, str], None],
    ) -> None:
        self.incarnation = incarnation
        self.process = Process(f"worker-{incarnation}")
        self.bridge: SimulatedBridge | None = None
        self.crashes = NotingCrashes(clock, on_failure)
        self.supervisor = Supervisor(SupervisedSimulatedActor, clock, self.crashes, unbounded=UNBOUNDED)
        self._scheduler = scheduler
        self._plan = Plan(
            [ProcessorHealth(name, FEES_BPS[name]) for name in processors],
            config.policy,
            config.pool_size,
            config.backlog_max,
            durable=durable,
            settle_per_s=config.settle_per_s,
            memory_payments=config.memory_payments,
            sizes=config.sizes,
        )
        self._on_failure = on_failure
        self.knowledge = Knowledge()
        self.clients = {name: self._client(each) for name, each in processors.items()}
        self._latency_s = config.latency_s
        self._clock = clock
        self._chaos = chaos
        self._store = store and store(self.process)
        self._on_purge = on_purge
        self._system: TightSystem
        scheduler.spawn("boot", self._boot, self.process)

    def _boot(self) -> None:
        chaos = self._chaos
        clock = FragileClock(chaos, self._clock)
        timers = FragileTimers(chaos, SimulatedTimers(self._scheduler, self.process))
        ports = Ports(clock, timers, self.clients, self._store, self._on_broken, FragileRecorder(chaos, self._clock))
        self._system = TightSystem(self._plan, ports, self.supervisor)
        self._system.start()
        self.bridge = SimulatedBridge(
            self._scheduler,
            self.process,
            incarnation=self.incarnation,
            intake=self._system.intake,
            answer=self._system.answer,
            on_purge=self._on_purge,
            latency_s=self._latency_s,
        )

    def _client(self, processor: SimulatedProcessor) -> HttpProcessorClient:
        exchange = SimulatedExchange(processor, self._scheduler, self.incarnation, self.knowledge)
        return HttpProcessorClient(exchange, exchange, deadline_s=DEADLINE_S, monotonic_s=lambda: self._scheduler.now_s)

    def _on_broken(self, reason: str) -> None:
        if "mailbox is full" in reason:
            self.crashes.bugs.append(reason)
        self._on_failure()

    def kill(self) -> None:
        """``kill -9``: whatever it held in memory is gone."""
        connections = list(self.bridge.connections) if self.bridge is not None else []
        self._scheduler.kill(self.process)
        for connection in connections:
            connection.inbound.close_receiver()
            connection.break_off()

    def drain(self, timeout_s: float, on_end: Callable[[], None]) -> None:
        """SIGTERM: take nothing more, settle what is held for so long at most, and end."""
        bridge, deadline_s = self.bridge, self._scheduler.now_s + timeout_s

        def run() -> None:
            self._system.begin_drain()
            if bridge is not None:
                bridge.drain(deadline_s)
            with suppress(pykka.Timeout):
                while self._system.has_work() and self._scheduler.now_s < deadline_s:
                    self._scheduler.sleep(LOOK_INTERVAL_S)
            self._scheduler.later(0.0, on_end)

        self._scheduler.spawn("drain", run, self.process)

    def ask(self, message: Any) -> SimulatedFuture:
        """Ask what an API could ask, in a task of the worker.

        Returns:
            The reply to come.
        """
        reply = SimulatedFuture()

        def run() -> None:
            try:
                reply.set(self._system.answer(message))
            except Exception:
                reply.set_exception()

        self._scheduler.spawn("question", run, self.process)
        return reply
