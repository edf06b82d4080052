"""When "it is not here" can be believed."""

from __future__ import annotations

import pytest

from actors.intake.backlog.entry import LONGEST_DELAY_S, NOT_LOOKED_UP, Absence
from actors.intake.backlog.route import UNPROVED_S, Route
from actors.messages.settling import Attempt
from actors.values import Absent, Payment, Refused, Settled, Step, Unknown

ATTEMPT = Attempt(Payment(b"\1" * 16, 1990), "default", 5000, 0, Step.POST)
SETTLED = Settled(1990, 5000)
FAILED = Refused("HTTP 500, empty body", at_processor=True)
DENIED = Unknown("HTTP 422, then: HTTP 404", denied=True)
TURNED_AWAY = Refused("HTTP 404", turned_away=True)


class Bench:
    """A route, and one payment that is looked for there in vain."""

    def __init__(self) -> None:
        self.route = Route()
        self.absence = NOT_LOOKED_UP

    def answer(self, outcome: Settled | Refused | Unknown | Absent, at_s: float) -> None:
        """A post is answered."""
        self.route.learn(ATTEMPT, outcome, at_s, at_s + 0.01)

    def look_up(self, *instants_s: float, witnessed: bool = False) -> Absence:
        for at_s in instants_s:
            self.absence = self.route.looked_up(self.absence, at_s, at_s + 0.01, witnessed=witnessed)
        return self.absence


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_settles_is_a_witness(bench: Bench) -> None:
    assert bench.route.witness == b""
    bench.answer(SETTLED, 1.0)
    assert bench.route.witness == ATTEMPT.payment.payment_id


def test_with_a_witness_one_look_up_will_do_or_as_many_as_are_wanted(bench: Bench) -> None:
    assert not bench.route.vouches_for(bench.look_up(1.0))
    assert bench.route.vouches_for(bench.look_up(2.0, witnessed=True))
    assert not bench.route.vouches_for(bench.absence, look_ups=2)
    assert bench.route.vouches_for(bench.look_up(3.0, witnessed=True), look_ups=2)


@pytest.mark.parametrize("proof", [SETTLED, FAILED, DENIED])
def test_look_ups_between_two_proofs_count_if_they_span_the_longest_delay(
    bench: Bench, proof: Settled | Refused | Unknown
) -> None:
    bench.answer(proof, 0.0)
    bench.look_up(1.0, 2.0, 1.0 + LONGEST_DELAY_S)
    assert not bench.route.vouches_for(bench.absence), "nothing came after them"
    bench.answer(proof, 2.0 + LONGEST_DELAY_S)
    assert bench.route.vouches_for(bench.absence)
    assert not bench.route.vouches_for(bench.look_up(3.0 + LONGEST_DELAY_S)), "nothing came after the last"


@pytest.mark.parametrize(
    "answer",
    [
        Refused("HTTP 400", permanent=True),
        Refused("no connection"),
        Unknown("HTTP 502, 0 bytes of body"),
        Absent("HTTP 404"),
        TURNED_AWAY,
    ],
)
def test_what_a_front_may_have_said_is_no_proof(bench: Bench, answer: Refused | Unknown | Absent) -> None:
    bench.answer(answer, 0.0)
    bench.look_up(1.0, 2.0, 1.0 + LONGEST_DELAY_S)
    bench.answer(answer, 2.0 + LONGEST_DELAY_S)
    assert not bench.route.vouches_for(bench.absence)


def test_look_ups_before_the_first_proof_do_not_count(bench: Bench) -> None:
    """The route may have come up in between: what was said before tells nothing, though it is well now."""
    bench.look_up(1.0, 2.0, 3.0 + LONGEST_DELAY_S)
    bench.answer(FAILED, 4.0 + LONGEST_DELAY_S)
    assert not bench.route.vouches_for(bench.absence)
    bench.look_up(10.0 + LONGEST_DELAY_S)
    bench.answer(FAILED, 11.0 + LONGEST_DELAY_S)
    assert not bench.route.vouches_for(bench.absence), "they don't span the longest delay"
    bench.look_up(10.0 + 2 * LONGEST_DELAY_S)
    bench.answer(FAILED, 11.0 + 2 * LONGEST_DELAY_S)
    assert bench.route.vouches_for(bench.absence)


def test_a_post_that_is_turned_away_makes_all_look_ups_before_it_worthless(bench: Bench) -> None:
    bench.answer(FAILED, 0.0)
    bench.look_up(1.0, 2.0, 1.0 + LONGEST_DELAY_S)
    bench.answer(TURNED_AWAY, 3.0)
    bench.answer(FAILED, 2.0 + LONGEST_DELAY_S)
    assert not bench.route.vouches_for(bench.absence)


def test_a_proof_that_was_asked_for_before_a_doubt_does_not_clear_it(bench: Bench) -> None:
    bench.answer(TURNED_AWAY, 5.0)
    bench.route.learn(ATTEMPT, FAILED, 4.0, 6.0)
    bench.look_up(7.0, 8.0, 9.0 + LONGEST_DELAY_S)
    bench.answer(FAILED, 10.0 + LONGEST_DELAY_S)
    assert not bench.route.vouches_for(bench.absence)


def test_without_anybody_to_vouch_look_ups_end_at_last(bench: Bench) -> None:
    assert not bench.route.is_past_proof(bench.look_up(1.0, 2.0, UNPROVED_S))
    assert bench.route.is_past_proof(bench.look_up(1.0 + UNPROVED_S))


def test_a_doubt_begins_them_anew(bench: Bench) -> None:
    bench.look_up(1.0, 2.0, 3.0)
    bench.answer(TURNED_AWAY, 4.0)
    assert not bench.route.is_past_proof(bench.look_up(5.0, 4.0 + UNPROVED_S))
    assert bench.route.is_past_proof(bench.look_up(5.0 + UNPROVED_S))


def test_a_witness_that_isn_t_found_is_waited_for(bench: Bench) -> None:
    bench.answer(SETTLED, 0.0)
    assert not bench.route.is_past_proof(bench.look_up(1.0, 2.0, 100.0))
