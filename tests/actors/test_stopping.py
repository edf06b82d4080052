"""The actor system is stopped with payments left: a drain has run out, and messages are under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
import pykka
import pytest
from gevent.event import Event

from actors.facts import AttemptStarted, PaymentSettled
from actors.health.poller import HealthPoller
from actors.runtime.guard import StartFailed
from actors.values import Payment
from tests.actors.journal_bench import JournalBench
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.actors.fakes import World

STOP_S = 0.05
"""Exchanges hang for longer here, and are left."""


@pytest.fixture
def gate() -> Iterator[Event]:
    gate = Event()
    yield gate
    gate.set()


@pytest.fixture
def bench(world: World, gate: Event) -> JournalBench:
    """More payments than payment actors, each of which waits for its processor."""
    bench = JournalBench(world)
    for processor in bench.processors.values():
        processor.gate = gate
    return bench


def submit_many(bench: JournalBench) -> None:
    bench.submit(*(Payment(number.to_bytes(16), 1 + number) for number in range(1, 21)))


def stop(bench: JournalBench, timeout_s: float) -> None:
    bench.system.end_drain()
    bench.world.supervisor.stop(timeout_s)


def posts(bench: JournalBench) -> int:
    return sum(len(each.posts) for each in bench.processors.values())


@pytest.mark.parametrize("durable", [True, False])
def test_a_payment_actor_that_comes_free_meanwhile_gets_no_other_payment(
    bench: JournalBench, gate: Event, durable: bool
) -> None:
    """It would be sent by a process that ends, and nobody would hear of its outcome."""
    bench.start(durable=durable)
    submit_many(bench)
    begun = posts(bench)
    assert begun > 0
    gevent.spawn_later(STOP_S / 10, gate.set)
    stop(bench, PATIENCE_S)
    assert posts(bench) == begun
    assert sum(isinstance(each, AttemptStarted) for each in bench.store.entries) == begun
    assert bench.world.dead_letters == {}
    assert bench.broken == []


def test_what_was_settled_meanwhile_is_on_record(bench: JournalBench, gate: Event) -> None:
    bench.start()
    submit_many(bench)
    gevent.spawn_later(STOP_S / 10, gate.set)
    stop(bench, PATIENCE_S)
    settled = {each.payment_id for each in bench.store.entries if isinstance(each, PaymentSettled)}
    assert settled == {row for each in bench.processors.values() for row in each.rows}


def test_what_comes_too_late_for_actors_that_have_stopped_is_no_dead_letter(
    bench: JournalBench, gate: Event, caplog: pytest.LogCaptureFixture
) -> None:
    """Exchanges that hang end later, commits that failed are due again, timers go off: nobody has lost anything."""
    bench.start()
    submit_many(bench)
    bench.store.full = True
    bench.submit(Payment(b"l" * 16, 1), first=21)
    stop(bench, STOP_S)
    gate.set()
    bench.world.advance(60.0)
    assert bench.world.dead_letters == {}
    assert bench.broken == []
    assert [each for each in caplog.records if each.getMessage() == "actor.dead_letter"] == []


def test_it_may_be_stopped_twice(bench: JournalBench, gate: Event) -> None:
    gate.set()
    bench.start()
    stop(bench, PATIENCE_S)
    bench.world.supervisor.stop(PATIENCE_S)
    assert not pykka.ActorRegistry.get_all()


def test_one_whose_start_failed_stops_what_it_had_started(bench: JournalBench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(HealthPoller, "on_start", fail)
    with pytest.raises(StartFailed):
        bench.start()
    bench.world.supervisor.stop(PATIENCE_S)
    assert not pykka.ActorRegistry.get_all()
    assert bench.world.dead_letters == {}
