"""Payments that a worker before this one may have sent, without anything on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.facts import OpenPayment
from actors.intake.backlog.entry import LONGEST_DELAY_S
from actors.intake.backlog.route import UNPROVED_S
from actors.messages.sessions import VerdictsGiven
from actors.values import LedgerRow, Payment, Refused, Settled, Unknown
from tests.actors.journal_bench import FEES, ID, PAYMENT, JournalBench

if TYPE_CHECKING:
    from tests.actors.fakes import World


@pytest.fixture
def bench(world: World) -> JournalBench:
    return JournalBench(world)


def test_they_are_looked_for_everywhere_before_they_are_sent(bench: JournalBench) -> None:
    """At once where a row that is known to be there is found as well."""
    bench.store.restored_settled = [(bytes([n]) * 16, 5, name, 5, n) for n, name in enumerate(FEES)]
    for n, name in enumerate(FEES):
        bench.processors[name].rows[bytes([n]) * 16] = (5, n)
    bench.start(durable=False)
    bench.submit(PAYMENT, suspect=True)
    assert bench.session.of(VerdictsGiven) == [VerdictsGiven(1)]
    bench.world.advance(LONGEST_DELAY_S - 0.1)
    assert bench.statistics().unknown == 1
    assert not any(each.posts or each.finds for each in bench.processors.values())
    bench.world.advance(0.3)
    looked_for = [[ID, bytes([n]) * 16, ID] for n, _ in enumerate(FEES)]
    assert [each.finds for each in bench.processors.values()] == looked_for
    assert [len(each.posts) for each in bench.processors.values()] == [1, 0]
    assert bench.statistics().settled == 3


def test_what_this_worker_has_settled_is_known_to_be_there(bench: JournalBench) -> None:
    bench.start(durable=False)
    bench.submit(PAYMENT, suspect=True)
    bench.world.advance(LONGEST_DELAY_S + 5.0)
    for number, name in enumerate(FEES):
        bench.processors[name].on_post = bench.processors[name].commit
        other = next(each for each in FEES if each != name)
        bench.processors[other].on_post = lambda payment, at_ms: Refused("HTTP 400", permanent=True)
        bench.submit(Payment(bytes([number + 100]) * 16, 1), first=number + 2)
        bench.world.advance(0.5)
    bench.world.advance(11.0)
    assert bench.statistics().settled == 3


def test_alone_they_are_looked_for_in_vain_for_a_while(bench: JournalBench) -> None:
    """No witness, and nobody else posts: the health endpoint's word is all there is."""
    bench.start(durable=False)
    bench.submit(PAYMENT, suspect=True)
    bench.world.advance(LONGEST_DELAY_S + UNPROVED_S - 0.1)
    assert not any(each.posts for each in bench.processors.values())
    bench.world.advance(15.0)
    assert [len(each.posts) for each in bench.processors.values()] == [1, 0]


def test_while_nothing_is_heard_of_a_processor_they_wait(bench: JournalBench) -> None:
    bench.processors["fallback"].on_health = lambda: None
    bench.start(durable=False)
    bench.submit(PAYMENT, suspect=True)
    bench.world.advance(600.0)
    assert bench.statistics().unknown == 1


@pytest.mark.parametrize("place", FEES)
def test_a_look_up_whose_route_is_not_there_is_no_information(bench: JournalBench, place: str) -> None:
    """The worker is new; a front says 404 to any look-up for a while. What it says there is not believed."""
    witnesses = {name: bytes([n]) * 16 for n, name in enumerate(FEES)}
    bench.store.restored_settled = [(each, 5, name, 5, 6) for name, each in witnesses.items()]
    for name, each in witnesses.items():
        bench.processors[name].rows[each] = (5, 6)
    there = bench.processors[place]
    there.rows[ID] = (1990, 4000)
    there.on_find = lambda payment_id: Refused("HTTP 404")
    bench.start(durable=False)
    bench.submit(PAYMENT, suspect=True)
    bench.world.advance(60.0)
    assert bench.statistics().unknown == 1
    assert not any(each.posts for each in bench.processors.values())
    there.on_find = there.look_up
    bench.world.advance(10.0)
    assert LedgerRow(ID, place, 1990, 4000) in bench.booked()
    assert not any(each.posts for each in bench.processors.values())


def test_a_route_that_is_not_there_for_a_while_costs_no_second_settlement(bench: JournalBench) -> None:
    """Nothing is known to be there: a front says 404 to all for 4 s, health included, then all is well."""
    there = bench.processors["default"]
    there.rows[ID] = (1990, 4000)
    there.on_find = lambda payment_id: Refused("HTTP 404")
    bench.start(durable=False)
    bench.submit(PAYMENT, suspect=True)
    bench.world.advance(LONGEST_DELAY_S + 4.0)
    there.on_find = there.look_up
    bench.world.advance(60.0)
    assert bench.booked() == [LedgerRow(ID, "default", 1990, 4000)]
    assert not any(each.posts for each in bench.processors.values())


@pytest.mark.parametrize("place", FEES)
def test_one_that_is_found_is_recorded_and_not_sent(bench: JournalBench, place: str) -> None:
    bench.processors[place].rows[ID] = (1990, 4000)
    bench.start(durable=False)
    bench.submit(PAYMENT, suspect=True)
    bench.world.advance(LONGEST_DELAY_S + 1)
    assert bench.booked() == [LedgerRow(ID, place, 1990, 4000)]
    assert not any(each.posts for each in bench.processors.values())


def test_one_that_can_not_be_looked_for_waits(bench: JournalBench) -> None:
    answers: list[Settled | Refused | Unknown] = [Unknown("HTTP 429")] * 3
    fallback = bench.processors["fallback"]
    fallback.on_find = lambda payment_id: answers.pop() if answers else fallback.look_up(payment_id)
    bench.start(durable=False)
    bench.submit(PAYMENT, suspect=True)
    bench.world.advance(LONGEST_DELAY_S + 0.05)
    assert bench.statistics().unknown == 1
    assert not bench.processors["default"].posts
    bench.world.advance(60.0)
    assert answers == []
    assert bench.statistics().settled == 1


def test_a_durable_worker_has_no_suspects(bench: JournalBench) -> None:
    bench.start()
    bench.submit(PAYMENT, suspect=True)
    assert bench.statistics().settled == 1


def test_open_payments_of_a_background_journal_are_suspects(bench: JournalBench) -> None:
    bench.store.restored_open = [OpenPayment(PAYMENT, "", 0)]
    bench.processors["fallback"].rows[ID] = (1990, 4000)
    bench.start(durable=False)
    bench.world.advance(LONGEST_DELAY_S + 1)
    assert bench.booked() == [LedgerRow(ID, "fallback", 1990, 4000)]
