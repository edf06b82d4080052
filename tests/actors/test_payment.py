"""The payment actor carries out attempts and tells everybody what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent
import pytest

from actors.messages.health import AttemptObserved
from actors.messages.settling import Attempt, AttemptEnded, PaymentActorReady, RecordPayment
from actors.payment import PaymentActor
from actors.values import Absent, Payment, Refused, Settled, Step, Unknown

if TYPE_CHECKING:
    from actors.values import Outcome
    from tests.actors.fakes import ScriptedProcessor, World

PAYMENT = Payment(bytes(range(16)), 1990)
SETTLED = Settled(1990, 5000)
REFUSED = Refused("HTTP 500, empty body")
REJECTED = Refused("HTTP 400", permanent=True)
TURNED_AWAY = Refused("HTTP 401", turned_away=True)
UNKNOWN = Unknown("no answer within 10 s")
JUDGED = Unknown("HTTP 422, then: HTTP 404", denied=True)


class Bench:
    def __init__(self, world: World, processors: dict[str, ScriptedProcessor]) -> None:
        self.world = world
        self.processor = processors["default"]
        self.everybody = world.probe("everybody")
        """Intake, ledger and health in one: its mailbox shows in what order they are told."""
        me = self.everybody.reference
        self.actor = world.start(
            "payment-1",
            lambda own: PaymentActor(own, processors, me, me, me, world.clock),
        )

    def attempt(self, step: Step = Step.POST, payment: Payment = PAYMENT) -> Attempt:
        attempt = Attempt(payment, "default", 5000, 7, step)
        self.actor.tell(attempt)
        gevent.idle()
        return attempt

    def told(self) -> list[Any]:
        return self.everybody.take(object)


@pytest.fixture
def bench(world: World, processors: dict[str, ScriptedProcessor]) -> Bench:
    bench = Bench(world, processors)
    assert bench.told() == [PaymentActorReady(bench.actor)]
    return bench


class TestPosting:
    @pytest.mark.parametrize("outcome", [REFUSED, REJECTED, UNKNOWN])
    def test_what_did_not_settle_goes_back_to_the_intake(self, bench: Bench, outcome: Outcome) -> None:
        bench.processor.on_post = lambda payment, at_ms: outcome
        attempt = bench.attempt()
        assert bench.processor.posts == [(PAYMENT, 5000)]
        observed, ended = bench.told()
        assert isinstance(observed, AttemptObserved)
        assert ended == AttemptEnded(bench.actor, attempt, outcome)

    def test_what_settled_goes_to_the_ledger_before_the_intake_hears_of_it(self, bench: Bench) -> None:
        """With the values of the processor's row, which may be another attempt's."""
        bench.processor.on_post = lambda payment, at_ms: Settled(1991, 4321)
        attempt = bench.attempt()
        me = bench.everybody.reference
        _observed, record, ended = bench.told()
        assert record == RecordPayment(PAYMENT.payment_id, "default", 1991, 4321, 7, me)
        assert ended == AttemptEnded(bench.actor, attempt, Settled(1991, 4321))

    def test_a_fresh_attempt_asks_nothing_first(self, bench: Bench) -> None:
        bench.attempt()
        assert bench.processor.finds == []

    @pytest.mark.parametrize(
        ("outcome", "succeeded"),
        [(SETTLED, True), (REJECTED, None), (JUDGED, None), (REFUSED, False), (UNKNOWN, False)],
    )
    def test_health_learns_whether_the_processor_did_its_work_and_how_fast(
        self, bench: Bench, outcome: Outcome, succeeded: bool | None
    ) -> None:
        def post(payment: Payment, at_ms: int) -> Outcome:
            bench.world.clock.now_s += 0.125
            return outcome

        bench.processor.on_post = post
        bench.attempt()
        reason = getattr(outcome, "reason", "")
        assert bench.told()[0] == AttemptObserved("default", succeeded, 125.0, reason)

    def test_health_learns_of_a_payment_that_failed_there_before(self, bench: Bench) -> None:
        bench.processor.on_post = lambda payment, at_ms: REFUSED
        bench.actor.tell(Attempt(PAYMENT, "default", 5000, 7, Step.POST, again=True))
        assert bench.told()[0] == AttemptObserved("default", False, 0.0, REFUSED.reason, again=True)

    def test_health_learns_the_answer_that_says_nothing_of_the_payment(self, bench: Bench) -> None:
        bench.processor.on_post = lambda payment, at_ms: TURNED_AWAY
        bench.attempt()
        assert bench.told()[0] == AttemptObserved("default", False, 0.0, "HTTP 401", turned_away=True)


class TestWitness:
    """A row that is known to be there, asked for when the payment isn't found."""

    WITNESS = b"w" * 16

    def look_up(self, bench: Bench) -> Outcome | Absent:
        bench.actor.tell(Attempt(PAYMENT, "default", 5000, 7, Step.LOOK_UP, self.WITNESS))
        ended: AttemptEnded = bench.told()[-1]
        return ended.outcome

    def test_it_is_asked_for_between_two_look_ups_in_vain(self, bench: Bench) -> None:
        bench.processor.rows[self.WITNESS] = (1, 1)
        assert self.look_up(bench) == Absent("HTTP 404", witnessed=True)
        assert bench.processor.finds == [PAYMENT.payment_id, self.WITNESS, PAYMENT.payment_id]

    @pytest.mark.parametrize("answer", [Refused("HTTP 404"), Unknown("HTTP 429")])
    def test_without_it_nothing_is_known(self, bench: Bench, answer: Outcome) -> None:
        bench.processor.on_find = lambda payment_id: answer if payment_id == self.WITNESS else Refused("HTTP 404")
        assert self.look_up(bench) == Absent("HTTP 404")

    def test_what_is_found_the_second_time_is_there(self, bench: Bench) -> None:
        """The route came up in between."""
        answers: list[Outcome] = [SETTLED, SETTLED, Refused("HTTP 404")]
        bench.processor.on_find = lambda payment_id: answers.pop()
        assert self.look_up(bench) == SETTLED

    def test_nobody_asks_for_it_when_the_payment_is_found(self, bench: Bench) -> None:
        bench.processor.rows[PAYMENT.payment_id] = (1990, 5000)
        assert self.look_up(bench) == SETTLED
        assert bench.processor.finds == [PAYMENT.payment_id]


class TestUnknownOutcomes:
    def test_a_look_up_finds_the_row(self, bench: Bench) -> None:
        bench.processor.rows[PAYMENT.payment_id] = (1990, 4000)
        attempt = bench.attempt(Step.LOOK_UP)
        record, ended = bench.told()
        assert record.requested_at_ms == 4000
        assert ended == AttemptEnded(bench.actor, attempt, Settled(1990, 4000))
        assert bench.processor.posts == []

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [(Refused("HTTP 404"), Absent("HTTP 404")), (Unknown("HTTP 429"), Unknown("HTTP 429"))],
    )
    def test_a_look_up_tells_what_is_not_there_from_what_could_not_be_asked(
        self, bench: Bench, answer: Outcome, outcome: Outcome | Absent
    ) -> None:
        bench.processor.on_find = lambda payment_id: answer
        bench.attempt(Step.LOOK_UP)
        (ended,) = bench.told()
        assert ended.outcome == outcome
        assert bench.processor.posts == []

    def test_resolving_posts_nothing_if_the_row_is_there(self, bench: Bench) -> None:
        bench.processor.rows[PAYMENT.payment_id] = (1990, 4000)
        bench.attempt(Step.RESOLVE)
        assert bench.processor.posts == []
        assert [type(each) for each in bench.told()] == [RecordPayment, AttemptEnded]

    @pytest.mark.parametrize("answer", [Refused("HTTP 404"), Unknown("HTTP 429")])
    def test_resolving_posts_the_same_again_if_not(self, bench: Bench, answer: Outcome) -> None:
        bench.processor.on_find = lambda payment_id: answer
        attempt = bench.attempt(Step.RESOLVE)
        assert bench.processor.finds == [PAYMENT.payment_id]
        assert bench.processor.posts == [(PAYMENT, 5000)]
        assert bench.told()[-1] == AttemptEnded(bench.actor, attempt, SETTLED)


class TestCrashes:
    @pytest.mark.parametrize("error", [ValueError("a bug"), gevent.Timeout(1), gevent.GreenletExit()])
    def test_a_crash_in_flight_is_unknown_and_nothing_is_sent_again(self, bench: Bench, error: BaseException) -> None:
        def post(payment: Payment, at_ms: int) -> Outcome:
            raise error

        bench.processor.on_post = post
        attempt = bench.attempt()
        ready, ended = bench.told()
        assert ready == PaymentActorReady(bench.actor)
        assert (ended.actor, ended.attempt, ended.outcome.crashed) == (bench.actor, attempt, True)
        assert isinstance(ended.outcome, Unknown)
        assert len(bench.processor.posts) == 1
        assert bench.world.crashes == {"payment-1": 1}
        assert bench.world.dead_letters == {}

    def test_it_goes_on_afterwards(self, bench: Bench) -> None:
        def crash(payment: Payment, at_ms: int) -> Outcome:
            raise ValueError("a bug")

        well = bench.processor.on_post
        bench.processor.on_post = crash
        bench.attempt()
        bench.processor.on_post = well
        bench.told()
        bench.attempt()
        assert bench.told()[-1].outcome == SETTLED

    def test_a_message_nobody_knows_is_a_dead_letter(self, bench: Bench) -> None:
        bench.actor.tell("nonsense")
        bench.told()
        assert bench.world.dead_letters == {"str": 1}
