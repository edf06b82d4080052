"""The worker's wiring: the actor system on gevent, the processors and the store it works with, and who measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actors.intake.backlog.parked import Parking
from actors.intake.dispatch.routing import Cheapest, Fastest
from actors.plan import Plan
from actors.runtime.clocks import SystemClock
from actors.runtime.crashes import Crashes
from actors.runtime.greenlets import GeventTimers, SupervisedGeventActor
from actors.runtime.meter import Meter
from actors.runtime.supervisor import Supervisor
from actors.system import UNBOUNDED, ActorSystem, Ports
from actors.values import ProcessorHealth
from rinha.overview.durations import Durations
from rinha.overview.watch import Watch
from rinha.processors.open import open_client
from rinha.processors.shared_health import SharedHealthClient
from rinha.trace.recording.recorder import ProcessRecorder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actors.intake.dispatch.routing import Policy
    from actors.ports import ProcessorClient, Store
    from rinha.processors.client import HttpProcessorClient
    from rinha.settings.table import Settings
    from rinha.trace.recording.process import Process


class Parts(NamedTuple):
    """What a worker is made of. Nothing of it runs yet, and nothing is connected.

    Args:
        clock: the clocks.
        recorder: keeps the payments' hops.
        store: where the journal is kept; None without one.
        clients: of the processors.
        system: the actors.
        durations: what took how long; None where nobody looks.
        meter: of the actors; the same.
    """

    clock: SystemClock
    recorder: ProcessRecorder
    store: Store | None
    clients: Mapping[str, HttpProcessorClient]
    system: ActorSystem
    durations: Durations | None
    meter: Meter | None

    def watch(self) -> Watch | None:
        """Make what measures the system second by second; None where nobody looks."""
        if self.meter is None or self.durations is None:
            return None
        system = self.system
        return Watch(system.answer, system.supervisor, self.meter, self.recorder, self.durations, self.clock)


def compose(settings: Settings, process: Process, on_failed: Callable[[], None]) -> Parts:
    """Make a worker's parts, and wire them.

    Args:
        settings: the settings.
        process: whose hops are recorded.
        on_failed: called when the process must end: actors crashed too often, or the store can't be trusted.

    Raises:
        StoreBroken: the store's library isn't there.
    """
    clock = SystemClock()
    durations, meter = (Durations(), Meter()) if settings.dashboard == "on" else (None, None)
    recorder = ProcessRecorder(
        process,
        recent=settings.trace_recent,
        share=settings.trace_share,
        slow_ms=settings.trace_slow_ms,
        durations=durations,
    )
    store = _store(settings)
    clients = {
        each.name: open_client(each.url, connections=settings.pool_size, deadline_s=settings.attempt_deadline_s)
        for each in settings.processors
    }
    asked = _share_health(settings, clients)
    supervisor = Supervisor(
        SupervisedGeventActor,
        clock,
        Crashes(clock, on_failed),
        unbounded=UNBOUNDED,
        instruments=() if meter is None else (meter,),
    )
    ports = Ports(clock, GeventTimers(), asked, store, lambda reason: on_failed(), recorder)
    return Parts(clock, recorder, store, clients, ActorSystem(_plan(settings), ports, supervisor), durations, meter)


def _plan(settings: Settings) -> Plan:
    return Plan(
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
