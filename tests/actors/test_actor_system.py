"""The actors together: each payment settled once, the books true, and the load bounded."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from actors.intake.dispatch.routing import Cheapest, Fastest, Policy
from actors.messages.health import HealthChanged
from actors.messages.people import PurgeDone, PurgePayments
from actors.messages.sessions import CreditGranted, SessionEpochAdopted, VerdictsGiven
from tests.actors.actor_system import FEES, POOL_SIZE, System, payments

if TYPE_CHECKING:
    from tests.actors.fakes import World


STAGES = [(False, False), (True, False), (True, True), (False, True), (False, False), (False, True)]
"""Whether default and fallback fail."""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("policy", [Fastest(), Cheapest(1.0)], ids=["fastest", "cheapest"])
def test_every_payment_is_settled_once_and_the_books_agree(world: World, policy: Policy, seed: int) -> None:
    chance = random.Random(seed)
    system = System(world, policy, chance)
    sent = 0
    for stage in STAGES:
        for processor, failing in zip(system.processors.values(), stage, strict=True):
            processor.failing = failing
        for _ in range(20):
            count = chance.randrange(5)
            system.submit(payments(sent, count))
            sent += count
            if sent:
                system.submit(payments(chance.randrange(sent), 1))  # a client repeats itself
            world.advance(0.1)
    for processor in system.processors.values():
        processor.failing = processor.wild = False
    world.advance(30.0)

    counts = system.statistics()
    assert (counts.settled, counts.accepted) == (sent, sent)
    taken = system.session.of(VerdictsGiven)
    assert taken[-1].through_sequence == system.sequence - 1
    rows = {name: processor.rows for name, processor in system.processors.items()}
    assert not set(rows["default"]) & set(rows["fallback"]), "settled twice"
    assert system.booked() == rows
    assert sum(map(len, rows.values())) == sent
    assert all(row.cents == 1000 + int.from_bytes(each) for part in rows.values() for each, row in part.items())
    assert max(each.most_under_way for each in system.processors.values()) <= POOL_SIZE // 2
    assert sum(each.payments for each in system.session.of(CreditGranted)) > 0
    assert world.dead_letters == {}
    assert world.crashes == {}


def test_an_intake_that_has_no_room_for_the_question_has_work(world: World) -> None:
    """Or a drain would end in the midst of it."""
    system = System(world, Fastest(), random.Random(7))
    assert not system.has_work()
    for _ in range(10_000):
        system.intake.tell(SessionEpochAdopted(system.session.reference, 0))  # passes any bound
    assert system.has_work()
    system.intake.tell(HealthChanged(()))
    world.advance(0.0)
    assert world.dead_letters == {}, "what health has told finds room all the same"
    assert not system.has_work()


def test_a_purge_under_load_leaves_only_what_came_after_it_in_the_books(world: World) -> None:
    system = System(world, Fastest(), random.Random(7))
    system.submit(payments(0, 100))
    asker = world.probe("asker")
    system.intake.tell(PurgePayments(asker.reference))
    world.advance(0.0)
    system.intake.tell(SessionEpochAdopted(system.session.reference, 1))
    world.advance(0.0)
    assert asker.received == [PurgeDone(1)]
    system.submit(payments(50, 100), epoch=0)  # read before the session heard of the purge
    system.submit(payments(1000, 100), epoch=1)
    for processor in system.processors.values():
        processor.wild = False
    world.advance(30.0)
    counts = system.statistics()
    assert (counts.accepted, counts.settled, counts.purged) == (100, 100, 100)
    assert {each for part in system.booked().values() for each in part} == {
        each.payment_id for each in payments(1000, 100)
    }


@pytest.mark.parametrize("policy", [Fastest(), Cheapest(60.0)], ids=["fastest", "cheapest"])
@pytest.mark.parametrize("outage_s", [0.07, 0.5, 3.3, 3.7, 20.1])
def test_a_second_after_the_recovery_it_is_at_full_speed(world: World, policy: Policy, outage_s: float) -> None:
    """Both fail, payments come in all the time, then the default is back; nobody is told but by probes."""
    system = System(world, policy, random.Random(1))
    for processor in system.processors.values():
        processor.wild = False
        processor.failing = True
        processor.silent = True
    sent = 0
    while world.clock.now_s < 1000.0 + outage_s:
        system.submit(payments(sent, 5))
        sent += 5
        world.advance(0.01)
    assert system.statistics().settled == 0
    assert "default" not in system.healthy()
    probes = sum(each.posts for each in system.processors.values())
    assert probes <= 2 * (3 + POOL_SIZE + 10 * outage_s)
    system.processors["default"].failing = False
    world.advance(1.0)
    assert "default" in system.healthy()
    counts = system.statistics()
    assert (counts.settled, counts.waiting) == (sent, 0)
    assert len(system.processors["default"].rows) == sent


def test_rows_that_turn_up_late_do_not_use_up_the_probes(world: World) -> None:
    """Probes go with payments of unknown outcome first. To find such a payment's row says nothing of how the processor
    takes posts, and with many of them the recovery would go unnoticed for as long.
    """
    system = System(world, Fastest(), random.Random(1))
    default, fallback = system.processors.values()
    for processor in (default, fallback):
        processor.wild, processor.silent = False, True
    fallback.failing = True
    system.submit(payments(0, 5))  # so that the fallback isn't chosen for being unknown
    default.dropping = True
    system.submit(payments(100, 60))
    world.advance(20.0)
    assert system.statistics().unknown >= POOL_SIZE // 2
    default.dropping = False
    default.insert_late_ones(at_once=True)
    system.submit(payments(200, 50))
    world.advance(1.0)
    assert "default" in system.healthy()
    assert system.statistics().waiting == 0


def test_an_outage_makes_no_hot_loop(world: World) -> None:
    system = System(world, Fastest(), random.Random(1))
    for processor in system.processors.values():
        processor.wild, processor.failing = False, True
    system.submit(payments(0, 500))
    world.advance(2.0)
    posts = sum(each.posts for each in system.processors.values())
    world.advance(10.0)
    per_second = (sum(each.posts for each in system.processors.values()) - posts) / 10 / len(FEES)
    assert 1.5 <= per_second <= 2.5, "one probe per half second"
    assert len(world.timers) <= 8
