"""A payment that can't succeed, or a processor that is slow, holds up no other payment."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest

from actors.intake.dispatch.routing import Cheapest, Fastest, Policy
from actors.messages.people import GetPayments
from actors.values import Payment, Refused, Unknown
from tests.actors.actor_system import System

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.actors.fakes import World

BAD_CENTS = 1313
POLICIES: list[Policy] = [Fastest(), Cheapest(5.0)]
EMPTY_500 = Refused("HTTP 500, empty body")
JUDGED = Unknown("HTTP 422, then: HTTP 404", denied=True)
DATABASE_500 = Unknown("HTTP 500, 21 bytes of body")


class Settled(NamedTuple):
    processor: str
    after_s: float


class Bench:
    """A system whose processors are well but for what a test says, and a steady stream of good payments."""

    def __init__(self, world: World, policy: Policy) -> None:
        self.world = world
        self.system = System(world, policy, random.Random(1))
        self.default, self.fallback = self.system.processors.values()
        for each in (self.default, self.fallback):
            each.wild = False
        self.given_at_s: dict[bytes, float] = {}
        self.numbers = iter(range(1, 1_000_000))

    def give(self, cents: int = 1990, count: int = 1) -> list[bytes]:
        payments = [Payment(next(self.numbers).to_bytes(16), cents) for _ in range(count)]
        self.system.submit(payments)
        for each in payments:
            self.given_at_s[each.payment_id] = self.world.clock.now_s
        return [each.payment_id for each in payments]

    def stream(self, seconds: float, per_s: int = 10) -> list[bytes]:
        """Give good payments evenly, and let another two seconds pass."""
        given = []
        for _ in range(round(seconds * per_s)):
            given += self.give()
            self.world.advance(1 / per_s)
        self.world.advance(2.0)
        return given

    def settled(self, payment_id: bytes) -> Settled | None:
        for name, processor in self.system.processors.items():
            if payment_id in processor.committed_at_s:
                return Settled(name, processor.committed_at_s[payment_id] - self.given_at_s[payment_id])
        return None

    def share(self, given: list[bytes], *, at: str = "default", within_s: float = 2.0) -> float:
        """Which share of payments has settled at a processor, and soon."""
        settled = [self.settled(each) for each in given]
        return sum(each is not None and each.processor == at and each.after_s <= within_s for each in settled) / len(
            given
        )


def against_bad_ones(outcome: Refused | Unknown) -> Callable[[Payment], Refused | Unknown | None]:
    return lambda payment: outcome if payment.amount_cents == BAD_CENTS else None


@pytest.fixture(params=POLICIES, ids=["fastest", "cheapest"])
def bench(world: World, request: pytest.FixtureRequest) -> Bench:
    return Bench(world, request.param)


def test_422s_by_a_rule_of_both_stop_nobody(bench: Bench) -> None:
    for each in (bench.default, bench.fallback):
        each.rule = against_bad_ones(JUDGED)
    bench.give(BAD_CENTS, 8)
    assert bench.share(bench.stream(15.0)) >= 0.99


@pytest.mark.parametrize("outcome", [JUDGED, EMPTY_500, DATABASE_500], ids=["422", "empty-500", "500"])
@pytest.mark.parametrize("bad", [50, 300])
def test_many_at_once_that_both_refuse_hold_up_the_others_for_a_few_probes_alone(
    bench: Bench, outcome: Refused | Unknown, bad: int
) -> None:
    for each in (bench.default, bench.fallback):
        each.rule = against_bad_ones(outcome)
    bench.give(BAD_CENTS, bad)
    settled = [bench.settled(each) for each in bench.stream(15.0)]
    assert None not in settled
    assert max(each.after_s for each in settled if each) <= 2.0
    assert sum(each is not None and each.processor == "default" for each in settled) >= 0.8 * len(settled)


@pytest.mark.parametrize("outcome", [JUDGED, EMPTY_500, DATABASE_500], ids=["422", "empty-500", "500"])
def test_default_alone_refuses_three_payments_and_the_others_go_on_there(
    bench: Bench, outcome: Refused | Unknown
) -> None:
    bench.default.rule = against_bad_ones(outcome)
    bench.give(BAD_CENTS, 3)
    bench.world.advance(1.0)
    assert bench.share(bench.stream(15.0)) >= 0.98


def test_an_empty_500_by_both_to_one_payment_makes_it_back_off_alone(bench: Bench) -> None:
    for each in (bench.default, bench.fallback):
        each.rule = against_bad_ones(EMPTY_500)
    bench.give(BAD_CENTS)
    assert bench.share(bench.stream(30.0)) == 1.0
    bad = sum(each.posts - len(each.rows) for each in (bench.default, bench.fallback))
    assert 5 < bad < 20


def test_an_outcome_that_stays_unknown_is_parked_in_the_end_and_said_so_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.fallback.rule = bench.default.rule = against_bad_ones(DATABASE_500)
    (bad,) = bench.give(BAD_CENTS)
    bench.stream(150.0, per_s=1)
    (parked,) = bench.system.answer(GetPayments("parked")).payments
    assert parked.payment_id == bad
    assert "HTTP 500" in parked.why
    (warning,) = [each for each in caplog.records if each.message == "payment.parked"]
    assert vars(warning)["reason"] == parked.why
    bench.default.rule = lambda payment: None
    bench.default.rows[bad] = bench.default.rows[next(iter(bench.default.rows))]
    bench.world.advance(61.0)
    assert bench.system.statistics().parked == 0, "it is found and settles by itself"


def test_a_payment_on_which_default_always_fails_does_not_keep_it_from_recovering(bench: Bench) -> None:
    bench.default.rule = lambda payment: DATABASE_500
    bench.give(BAD_CENTS)
    bench.stream(3.0)
    bench.default.rule = against_bad_ones(DATABASE_500)
    for _ in range(20):
        bench.give()
        bench.world.advance(0.1)
    assert bench.share(bench.stream(10.0)) >= 0.98


@pytest.mark.parametrize("outcome", [EMPTY_500, DATABASE_500], ids=["refused", "unknown"])
def test_no_outage_parks_a_payment_and_all_settle_soon_after_it(bench: Bench, outcome: Refused | Unknown) -> None:
    for each in (bench.default, bench.fallback):
        each.rule = lambda payment: outcome
    bench.give(count=20)
    bench.world.advance(600.0)
    assert bench.system.statistics().parked == 0
    for each in (bench.default, bench.fallback):
        each.rule = lambda payment: None
    bench.world.advance(8.0)
    assert bench.system.statistics().settled == 20


def test_all_turned_away_for_four_seconds_settle_within_two_after_it(bench: Bench) -> None:
    for each in (bench.default, bench.fallback):
        each.rule = lambda payment: Refused("HTTP 401")
    bench.give(count=20)
    bench.world.advance(4.0)
    for each in (bench.default, bench.fallback):
        each.rule = lambda payment: None
    bench.world.advance(2.0)
    assert bench.system.statistics().settled == 20


def test_slow_failures_take_one_payment_hostage_at_a_time(world: World) -> None:
    bench = Bench(world, Fastest())
    bench.default.delay_s, bench.default.rule = 5.0, lambda payment: EMPTY_500
    given = bench.stream(25.0, per_s=1)
    world.advance(6.0)
    waited_s = sorted(settled.after_s for each in given if (settled := bench.settled(each)))
    assert len(waited_s) == len(given)
    assert bench.default.most_under_way == 1
    assert waited_s[-1] < 5.5, "one attempt"
    assert sum(each > 0.05 for each in waited_s) <= 6


def test_a_slow_processor_is_measured_with_one_payment_at_a_time(world: World) -> None:
    bench = Bench(world, Fastest())
    bench.default.delay_s = 5.0
    given = bench.stream(20.0, per_s=5)
    world.advance(6.0)
    settled = [each for each in map(bench.settled, given) if each is not None]
    assert len(settled) == len(given)
    assert max(each.after_s for each in settled) <= 5.5
    slow_s = sorted(bench.given_at_s[each] for each in bench.default.rows)
    assert all(after - before >= 5.0 for before, after in pairwise(slow_s[2:])), "after it is known to be slow"
    assert len(slow_s) <= 7
