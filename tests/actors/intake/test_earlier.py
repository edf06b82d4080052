"""What an intake does with ids that APIs sent to a worker before this one."""

from __future__ import annotations

from actors.intake.backlog.entry import LONGEST_DELAY_S
from actors.intake.earlier import HOLD_S, Earlier
from actors.messages.sessions import DrainBegun, PaymentsSentBefore, VerdictsGiven
from actors.values import Absent, Step
from tests.actors.intake.intake_bench import IntakeBench, payment


def tell(bench: IntakeBench, *numbers: int) -> None:
    packed = b"".join(payment(each).payment_id for each in numbers)
    bench.tell(PaymentsSentBefore(bench.session.reference, packed))


def test_what_nobody_told_of_goes_at_once(ready: IntakeBench) -> None:
    ready.submit(payment(1))
    assert ready.attempt().step is Step.POST


def test_what_was_sent_before_is_looked_for_everywhere_before_it_is_sent(ready: IntakeBench) -> None:
    tell(ready, 1)
    ready.submit(payment(1))
    assert ready.session.of(VerdictsGiven) == [VerdictsGiven(1)]
    ready.world.advance(LONGEST_DELAY_S - 0.1)
    assert ready.attempts() == []
    ready.world.advance(0.2)
    places = []
    for _ in range(2):
        attempt = ready.attempt()
        assert attempt.step is Step.LOOK_UP
        places.append(attempt.processor)
        ready.end(attempt, Absent("HTTP 404", witnessed=True))
    assert sorted(places) == ["default", "fallback"]
    assert ready.attempt().step is Step.POST


def test_it_is_looked_for_at_once_if_the_worker_is_older_than_the_longest_delay(ready: IntakeBench) -> None:
    tell(ready, 1)
    ready.world.advance(LONGEST_DELAY_S + 1)
    ready.submit(payment(1), payment(2))
    assert sorted(each.step.value for each in ready.attempts()) == ["look-up", "post"]


def test_new_payments_wait_until_all_apis_had_time_to_tell(ready: IntakeBench) -> None:
    tell(ready)
    ready.submit(payment(1))
    assert ready.session.of(VerdictsGiven) == [VerdictsGiven(1)]
    assert ready.attempts() == []
    assert ready.statistics().waiting == 1
    ready.world.advance(HOLD_S + 0.1)
    assert ready.attempt().step is Step.POST


def test_what_another_api_tells_of_meanwhile_is_a_suspect(ready: IntakeBench) -> None:
    tell(ready)
    ready.submit(payment(1), payment(2))
    tell(ready, 1)
    assert ready.statistics().unknown == 1
    ready.world.advance(HOLD_S + 0.1)
    assert ready.attempt().payment == payment(2)


def test_a_drain_before_all_apis_could_tell_makes_a_suspect_of_whatever_waits(ready: IntakeBench) -> None:
    tell(ready)
    ready.submit(payment(1))
    ready.tell(DrainBegun())
    ready.world.advance(HOLD_S + 0.1)
    assert ready.attempts() == []
    ready.world.advance(LONGEST_DELAY_S)
    assert ready.attempt().step is Step.LOOK_UP


def test_a_purge_ends_it(ready: IntakeBench) -> None:
    tell(ready, 1)
    ready.purge()
    ready.submit(payment(1), epoch=1)
    assert ready.attempt().step is Step.POST
    tell(ready, 2)  # an API that was away during the purge
    ready.submit(payment(2), epoch=1)
    assert ready.attempt().step is Step.POST


def test_ids_are_forgotten_when_their_time_is_over() -> None:
    earlier = Earlier(started_s=1000.0, keep_s=300.0)
    earlier.learn([bytes(16)], 1001.0)
    earlier.forget_aged(1299.0)
    assert bytes(16) in earlier
    earlier.forget_aged(1300.0)
    assert bytes(16) not in earlier
    earlier.learn([bytes(16)], 1301.0)
    assert bytes(16) not in earlier
