"""What the whole worker makes of answers that say nothing of the payment, or of its id alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.intake.backlog.entry import LONGEST_DELAY_S
from actors.intake.dispatch.routing import Cheapest, Fastest
from actors.words import payments as words
from rinha.processors.errors import AnswerLost
from rinha.processors.wire import Answer
from tests.actors.front import Front, FrontBench

if TYPE_CHECKING:
    from tests.actors.fakes import World

DENIED_CENTS = 1313
DENIED = Answer(422, b'{"error": "amount"}')


@pytest.fixture
def bench(world: World) -> FrontBench:
    return FrontBench(world, Fastest())


def deny(*fronts: Front) -> None:
    """Answer 422 to one amount, by a rule of their own, and hold no row of it."""
    for each in fronts:
        each.answer_post = lambda body: DENIED if body["amount"] == DENIED_CENTS / 100 else None


def turned_away(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    records = [vars(each) for each in caplog.records if each.getMessage() == "health.turned_away"]
    assert all(each["levelname"] == "WARNING" for each in records)
    return [(each["processor"], each["answer"]) for each in records]


class TestTurnedAway:
    @pytest.mark.parametrize("policy", [Fastest(), Cheapest()], ids=["fastest", "cheapest"])
    @pytest.mark.parametrize("status", [401, 404])
    def test_by_both_for_a_while_all_wait_and_settle_by_themselves(
        self, world: World, status: int, policy: Fastest | Cheapest
    ) -> None:
        """A token rotated; a route that is being deployed."""
        bench = FrontBench(world, policy)
        for front in (bench.default, bench.fallback):
            front.turn_away(status)
        bench.pay(20)
        world.advance(4.0)
        assert (bench.statistics().settled, bench.statistics().parked) == (0, 0)
        for front in (bench.default, bench.fallback):
            front.turn_away(None)
        world.advance(2.0)
        assert bench.statistics().settled == 20
        assert not bench.at_both()

    def test_by_one_alone_is_said_once_and_the_other_is_used(
        self, bench: FrontBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.default.turn_away(401)
        for _ in range(40):
            bench.pay(5)
            bench.world.advance(0.1)
        assert turned_away(caplog) == [("default", "HTTP 401")]
        bench.world.advance(1.0)
        assert (len(bench.fallback.rows), bench.statistics().settled) == (200, 200)
        assert len(bench.default.posts) < 20, "it is probed, not asked first"
        bench.default.turn_away(None)
        for _ in range(20):
            bench.pay()
            bench.world.advance(0.1)
        assert len(bench.default.rows) > 10

    def test_by_the_cheaper_one_payments_wait_for_it_while_patience_lasts(self, world: World) -> None:
        bench = FrontBench(world, Cheapest(patience_s=5.0))
        bench.default.turn_away(401)
        bench.pay(3)
        world.advance(4.5)
        assert bench.statistics().settled == 0
        world.advance(1.5)
        assert len(bench.fallback.rows) == 3

    def test_it_never_frees_a_payment_that_may_be_committed(self, bench: FrontBench) -> None:
        bench.default.answer_post = bench.default.commit_and_lose
        bench.default.answer_look_up = lambda payment_id: Answer(401, b"")
        bench.pay()
        bench.default.turn_away(401)
        bench.world.advance(30.0)
        assert bench.statistics().unknown == 1
        assert not bench.fallback.posts
        bench.default.turn_away(None)
        bench.world.advance(10.0)
        assert [each.processor for each in bench.booked()] == ["default"]


def test_what_is_in_progress_at_one_is_not_settled_at_the_other(bench: FrontBench) -> None:
    """It answers 409 to a payment that it commits then."""
    late = []

    def answer(body: dict[str, object]) -> Answer:
        late.append(body)
        return Answer(409, b"{}")

    bench.default.answer_post = answer
    bench.pay(12)
    bench.default.answer_post = lambda body: None
    bench.world.advance(0.01)
    for body in late:
        bench.default.commit(body)
    bench.world.advance(10.0)
    assert bench.statistics().settled == 12
    assert not bench.at_both()


def test_no_409_ever_becomes_a_refusal(bench: FrontBench) -> None:
    bench.pay()  # a row that is known to be there
    bench.default.answer_post = lambda body: Answer(409, b"{}") if body["amount"] == DENIED_CENTS / 100 else None
    bench.pay(cents=DENIED_CENTS)
    bench.world.advance(120.0)
    assert bench.statistics().unknown == 1
    assert not bench.fallback.posts


@pytest.mark.parametrize("status", [201, 202, 204])
def test_what_claims_success_without_a_row_is_looked_up(bench: FrontBench, status: int) -> None:
    bench.default.answer_post = lambda body: Answer(status, b"")
    bench.pay()
    assert bench.statistics().settled == 0
    bench.default.answer_post = lambda body: bench.default.commit_and_say(body, Answer(status, b""))
    bench.world.advance(10.0)
    assert bench.statistics().settled == 1


class Test422:
    """An id that is there, or a payment that isn't wanted: only three look-ups that can be believed tell the latter."""

    def test_it_becomes_a_refusal_after_the_longest_delay(self, bench: FrontBench) -> None:
        deny(bench.default)
        bench.pay()
        bench.pay(cents=DENIED_CENTS)
        bench.world.advance(LONGEST_DELAY_S - 0.5)
        assert bench.statistics().unknown == 1
        assert not bench.fallback.posts
        bench.world.advance(6.0)
        assert bench.fallback.posts == [DENIED_CENTS]
        assert bench.statistics().settled == 2

    def test_refused_by_both_it_is_parked_with_what_they_said(self, bench: FrontBench) -> None:
        deny(bench.default)
        bench.fallback.answer_post = lambda body: None
        bench.default.answer_post = lambda body: Answer(400, b"")
        bench.pay()  # a row that is known to be at fallback
        deny(bench.default, bench.fallback)
        bench.pay()
        bench.pay(cents=DENIED_CENTS)
        bench.world.advance(40.0)
        answers = "default: HTTP 422, and it is not there; fallback: HTTP 422, and it is not there"
        assert [each.why for each in bench.parked()] == [words.parked(answers, answers)]

    def test_without_a_look_up_that_can_be_believed_it_stays(self, bench: FrontBench) -> None:
        """Nothing is known to be there: to its look-up a front may say 404."""
        deny(bench.default)
        bench.pay(cents=DENIED_CENTS)
        bench.world.advance(120.0)
        assert bench.statistics().unknown == 1
        assert not bench.fallback.posts

    def test_after_an_answer_that_was_lost_it_is_none(self, bench: FrontBench) -> None:
        lost = [AnswerLost("cut off")]

        def answer(body: dict[str, object]) -> Answer | None:
            if body["amount"] != DENIED_CENTS / 100:
                return None
            if lost:
                raise lost.pop()
            return DENIED

        bench.default.answer_post = answer
        bench.pay()
        bench.pay(cents=DENIED_CENTS)
        bench.world.advance(120.0)
        assert bench.statistics().unknown == 1
        assert not bench.fallback.posts

    @pytest.mark.parametrize("status", [401, 500])
    def test_after_a_certain_refusal_it_may_be_one(self, bench: FrontBench, status: int) -> None:
        answers = [Answer(status, b"")]

        def answer(body: dict[str, object]) -> Answer | None:
            if body["amount"] != DENIED_CENTS / 100:
                return None
            return answers.pop() if answers else DENIED

        bench.default.answer_post = answer
        bench.pay()
        bench.pay(cents=DENIED_CENTS)
        bench.world.advance(20.0)
        assert bench.fallback.posts == [DENIED_CENTS]

    def test_with_its_row_it_settles(self, bench: FrontBench) -> None:
        bench.pay()
        bench.default.answer_post = lambda body: bench.default.commit_and_say(body, DENIED)
        bench.default.answer_look_up = lambda payment_id: Answer(429, b"")
        bench.pay()
        assert bench.statistics().settled == 1
        bench.default.answer_look_up = lambda payment_id: None
        bench.world.advance(10.0)
        assert (bench.statistics().settled, bench.fallback.posts) == (2, [])


class TestRows:
    def test_a_row_with_another_amount_counts_and_is_told(
        self, bench: FrontBench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.default.answer_post = lambda body: bench.default.commit_and_lose({**body, "amount": 19.91})
        bench.pay()
        bench.world.advance(1.0)
        assert [each.amount_cents for each in bench.booked()] == [1991]
        assert (bench.statistics().settled, bench.statistics().differing) == (1, 1)
        (told,) = [vars(each) for each in caplog.records if each.getMessage() == "payment.amount_differs"]
        assert (told["processor"], told["ours_cents"], told["theirs_cents"]) == ("default", 1990, 1991)

    @pytest.mark.parametrize(
        "form", [{"amount": "19.90"}, {"requestedAt": "2025-07-15 12:34:56.789+00"}], ids=["amount", "instant"]
    )
    def test_rows_in_another_form_settle(self, bench: FrontBench, form: dict[str, object]) -> None:
        bench.default.answer_post = lambda body: bench.default.commit_and_lose({**body, **form})
        bench.pay(3)
        bench.world.advance(1.0)
        assert bench.statistics().settled == 3
        assert (len(bench.default.posts), bench.fallback.posts) == (3, [])

    def test_while_look_ups_are_redirected_the_outcome_waits(self, bench: FrontBench) -> None:
        bench.default.answer_post = bench.default.commit_and_lose
        bench.default.answer_look_up = lambda payment_id: Answer(301, b"")
        bench.pay(3)
        bench.world.advance(60.0)
        assert bench.statistics().unknown == 3
        assert not bench.fallback.posts
        bench.default.answer_look_up = lambda payment_id: None
        bench.world.advance(10.0)
        assert bench.statistics().settled == 3
