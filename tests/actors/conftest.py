"""Fixtures of the actors' tests."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

import pykka
import pytest

from actors.intake.dispatch.routing import Cheapest, Fastest
from tests.actors.fakes import FakeClock, ScriptedProcessor, World
from tests.actors.intake.dispatcher_bench import DispatcherBench
from tests.actors.intake.intake_bench import IntakeBench
from tests.actors.script import FOREIGN, Script
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actors.runtime.instruments import AnyInstrument
    from actors.runtime.reference import Reference


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def instruments() -> list[AnyInstrument]:
    """What the world's actors are seen by. Override it to have some."""
    return []


@pytest.fixture
def world(instruments: list[AnyInstrument]) -> Iterator[World]:
    world = World(*instruments)
    yield world
    world.supervisor.stop(timeout_s=PATIENCE_S)
    assert not pykka.ActorRegistry.get_all()


@pytest.fixture
def processors() -> dict[str, ScriptedProcessor]:
    """By name, made when first asked for."""
    return defaultdict(ScriptedProcessor)


@pytest.fixture
def no_threads_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=PATIENCE_S)
        assert not thread.is_alive()


@pytest.fixture
def bench(world: World) -> IntakeBench:
    """An intake whose payment actors haven't reported yet."""
    return IntakeBench(world)


@pytest.fixture
def ready(bench: IntakeBench) -> IntakeBench:
    """An intake with two payment actors."""
    bench.ready()
    return bench


@pytest.fixture
def fastest() -> DispatcherBench:
    return DispatcherBench(Fastest(tolerance_ms=10.0, benchmark_slots=2))


@pytest.fixture
def cheapest() -> DispatcherBench:
    return DispatcherBench(Cheapest(patience_s=5.0))


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def actor(world: World, script: Script) -> Reference:
    return world.start("scripted", script.behaviour)


@pytest.fixture(params=FOREIGN, ids=["Exception", "gevent.Timeout", "GreenletExit"])
def error(request: pytest.FixtureRequest) -> BaseException:
    make: Callable[[], BaseException] = request.param
    return make()
