"""What the intake keeps when it crashes, and messages that it gives up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.intake.backlog.backlog import Backlog
from actors.intake.backlog.refusals import REST_FIRST_S
from actors.intake.sessions import Sessions
from actors.messages.health import HealthChanged
from actors.messages.journal import PromiseLost, StoreChanged
from actors.messages.sessions import CreditGranted, CreditRestored, SessionOpened, VerdictsGiven
from actors.messages.settling import PaymentRecorded
from actors.runtime.guard import ActorFailed
from actors.values import Payment, Refused, Settled, Step, Unknown, Verdict
from tests.actors.intake.intake_bench import DOWN, HEALTHY, IntakeBench, payment
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.recipient import Recipient


class Once:
    """Fails when it is called first, and then is what it stands in for."""

    def __init__(self, real: Callable[[], float | None]) -> None:
        self.failed = False
        self._real = real

    def __call__(self) -> float | None:
        if not self.failed:
            self.failed = True
            raise OSError("for once")
        return self._real()


class TestCrashes:
    def test_everything_is_kept(self, ready: IntakeBench) -> None:
        ready.submit(payment(1), payment(2), payment(3))
        sent = ready.attempts()
        before = ready.statistics()
        with pytest.raises(ActorFailed):
            ready.intake.ask("nonsense", timeout=PATIENCE_S)
        assert ready.statistics() == before
        assert ready.attempts() == []
        ready.settle(sent[0])
        assert len(ready.attempts()) == 1

    def test_unknown_outcomes_are_woken_after_it_too(self, ready: IntakeBench) -> None:
        ready.submit(payment(1))
        ready.end(ready.attempt(), Unknown("no answer"))
        ready.end(ready.attempt(), Unknown("no answer"))
        with pytest.raises(ActorFailed):
            ready.intake.ask("nonsense", timeout=PATIENCE_S)
        ready.world.advance(0.2)
        assert ready.attempt().step is Step.RESOLVE

    def test_a_message_nobody_knows_is_a_dead_letter(self, ready: IntakeBench) -> None:
        ready.tell("nonsense")
        assert ready.world.dead_letters == {"str": 1}

    def test_a_crash_behind_a_dispatch_loses_no_payment(
        self, ready: IntakeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is noted as in flight has been sent: otherwise nobody would ever end it."""
        monkeypatch.setattr(ready.dispatcher, "wake_in_s", Once(ready.dispatcher.wake_in_s))
        ready.submit(payment(1))
        sent = ready.attempts()
        assert [each.payment for each in sent] == [payment(1)]
        ready.settle(sent[0])
        assert ready.statistics().settled == 1

    def test_a_result_handled_again_after_a_crash_counts_once(
        self, ready: IntakeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A crash behind the result's own handling: it is retried when the payment is in flight elsewhere already."""
        ready.submit(payment(1))
        sent = ready.attempt()
        ready.tell(HealthChanged((DOWN[0], HEALTHY[1])))
        monkeypatch.setattr(ready.dispatcher, "wake_in_s", Once(ready.dispatcher.wake_in_s))
        ready.end(sent, Refused("HTTP 500"))
        ready.world.advance(REST_FIRST_S)
        assert ready.attempt().processor == "fallback"
        counts = ready.statistics()
        assert (counts.in_flight, counts.waiting) == (1, 0)

    def test_payments_of_a_message_that_is_given_up_are_taken_all_the_same(
        self, ready: IntakeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failures, use = [OSError("stdout is gone") for _ in range(3)], ready.credits.use

        def use_at_last(session: Recipient, payments: int, **how: bool) -> None:
            if failures:
                raise failures.pop()
            use(session, payments, **how)

        ready.tell(SessionOpened(ready.session.reference))
        window = ready.session.of(CreditGranted)[-1].payments
        monkeypatch.setattr(ready.credits, "use", use_at_last)
        ready.submit(*(payment(number) for number in range(window)))
        assert VerdictsGiven(window) in ready.session.of(VerdictsGiven)
        ready.world.advance(0.01)
        assert ready.attempts()
        assert ready.world.dead_letters == {}
        assert ready.session.of(CreditGranted)[-1].payments == window, "the credit that they came on is free again"

    def test_payments_taken_only_when_giving_up_are_sent_too(
        self, ready: IntakeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failures = [OSError("stdout is gone") for _ in range(3)]

        def take(payment: Payment, now_s: float, *, storing: bool, hold: bool, suspect: bool) -> Verdict:
            if failures:
                raise failures.pop()
            return Backlog.take(ready.backlog, payment, now_s, storing=storing, hold=hold, suspect=suspect)

        monkeypatch.setattr(ready.backlog, "take", take)
        ready.submit(payment(1))
        ready.world.advance(0.01)
        assert ready.session.of(VerdictsGiven) == [VerdictsGiven(1)]
        assert ready.attempt().payment == payment(1)

    def test_a_payment_in_the_books_is_settled_though_hearing_of_it_fails(
        self, ready: IntakeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ready.submit(payment(1))
        sent = ready.attempt()
        ready.end(sent, Settled(1990, 1))
        failures, settle = [OSError("stdout is gone") for _ in range(3)], ready.backlog.settle

        def settle_at_last(payment_id: bytes) -> bool:
            if failures:
                raise failures.pop()
            return settle(payment_id)

        monkeypatch.setattr(ready.backlog, "settle", settle_at_last)
        ready.tell(PaymentRecorded(sent.payment.payment_id, 0))
        assert ready.statistics().settled == 1
        assert ready.world.dead_letters == {}

    def test_a_given_up_result_of_an_earlier_epoch_parks_nothing(
        self, ready: IntakeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ready.submit(payment(1))
        old = ready.attempt()
        ready.purge()
        ready.submit(payment(1), epoch=1)
        (new,) = ready.attempts()
        monkeypatch.setattr(ready.credits, "grant", lambda held: 1 / 0)
        ready.end(old, Refused("HTTP 500"))
        assert ready.statistics().in_flight == 1
        assert ready.statistics().parked == 0
        assert not any(ready.pool.carries_out(worker.reference, old) for worker in ready.workers)
        assert new.epoch == 1

    def test_the_payment_of_a_result_that_is_given_up_is_parked(
        self, ready: IntakeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ready.submit(payment(1))
        monkeypatch.setattr(ready.backlog.outcomes, "refuse", lambda *args, **options: 1 / 0)
        ready.end(ready.attempt(), Refused("HTTP 500"))
        assert ready.statistics().parked == 1
        ready.submit(payment(2), payment(3))
        assert len(ready.attempts()) == 2, "its payment actor is free again"
        assert ready.world.dead_letters == {}

    def test_credit_comes_back_with_the_store_though_hearing_of_it_fails(
        self, ready: IntakeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ready.tell(SessionOpened(ready.session.reference))
        ready.tell(StoreChanged(available=False))
        failures, suspend = [OSError("stdout is gone") for _ in range(3)], Sessions.suspend

        def suspend_at_last(self: Sessions, reason: StoreChanged | PromiseLost) -> None:
            if failures:
                raise failures.pop()
            suspend(self, reason)

        monkeypatch.setattr(Sessions, "suspend", suspend_at_last)
        ready.tell(StoreChanged(available=True))
        assert ready.session.of(CreditRestored) == [CreditRestored()]
        assert ready.world.dead_letters == {}
