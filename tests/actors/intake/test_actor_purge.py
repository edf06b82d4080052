"""A purge, and what comes late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.messages import (
    CreditGranted,
    ForgetPayments,
    PaymentRecorded,
    Purge,
    RecordingFailed,
    SessionOpened,
    VerdictsGiven,
)
from actors.values import Refused, Settled, Unknown, Verdict
from tests.actors.intake.intake_bench import ASK_S, IntakeBench, payment

if TYPE_CHECKING:
    from actors.values import Outcome
    from tests.actors.fakes import World


class TestPurge:
    def test_it_raises_the_epoch_and_tells_the_ledger(self, ready: IntakeBench) -> None:
        ready.submit(payment(1), payment(2), payment(3))
        assert ready.intake.ask(Purge(), timeout=ASK_S) == 1
        assert ready.ledger.of(ForgetPayments) == [ForgetPayments(1)]
        counts = ready.statistics()
        assert (counts.epoch, counts.accepted) == (1, 0)

    def test_what_was_read_before_it_is_answered_as_purged(self, ready: IntakeBench) -> None:
        ready.intake.ask(Purge(), timeout=ASK_S)
        ready.submit(payment(1), payment(2), epoch=0)
        purged = ((1, Verdict.PURGED), (2, Verdict.PURGED))
        assert ready.session.of(VerdictsGiven) == [VerdictsGiven(2, purged)]
        assert ready.attempts() == []
        assert ready.statistics().purged == 2

    def test_ids_may_come_again_with_another_amount(self, ready: IntakeBench) -> None:
        ready.submit(payment(1))
        ready.attempts()
        ready.intake.ask(Purge(), timeout=ASK_S)
        ready.submit(payment(1, 5), epoch=1)
        assert ready.session.of(VerdictsGiven)[-1] == VerdictsGiven(2)
        assert ready.attempt().epoch == 1

    @pytest.mark.parametrize(
        "outcome", [Settled(1990, 1), Refused("HTTP 500"), Refused("HTTP 400", permanent=True), Unknown("late")]
    )
    def test_late_results_change_nothing_but_free_their_payment_actor(
        self, ready: IntakeBench, outcome: Outcome
    ) -> None:
        ready.submit(payment(1))
        old = ready.attempt()
        ready.intake.ask(Purge(), timeout=ASK_S)
        ready.submit(payment(1), payment(2), payment(3), epoch=1)
        assert len(ready.attempts()) == 1, "the other payment actor is at work on the old one"
        before = ready.statistics()
        ready.end(old, outcome)
        assert len(ready.attempts()) == 1
        assert ready.statistics() == before._replace(in_flight=2, waiting=before.waiting - 1)

    def test_late_words_of_the_ledger_change_nothing(self, ready: IntakeBench) -> None:
        ready.intake.ask(Purge(), timeout=ASK_S)
        ready.submit(payment(1), epoch=1)
        before = ready.statistics()
        ready.tell(PaymentRecorded(payment(1).payment_id, 0))
        ready.tell(RecordingFailed(payment(1).payment_id, 0))
        assert ready.statistics() == before

    def test_it_frees_credit(self, world: World) -> None:
        bench = IntakeBench(world, backlog_max=4)
        bench.tell(SessionOpened(bench.session.reference))
        bench.submit(*[payment(number) for number in range(1, 5)])
        bench.session.received.clear()
        bench.intake.ask(Purge(), timeout=ASK_S)
        assert bench.session.of(CreditGranted) == [CreditGranted(1)]
