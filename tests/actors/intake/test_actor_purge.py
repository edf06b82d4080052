"""A purge, and what comes late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.intake.purges import ADOPTION_TIMEOUT_S
from actors.messages.people import PurgeDone, PurgeFailed
from actors.messages.sessions import (
    CreditGranted,
    EpochRaised,
    SessionAdmitted,
    SessionClosed,
    SessionDismissed,
    SessionEpochAdopted,
    SessionOpened,
    VerdictsGiven,
)
from actors.messages.settling import ForgetPayments, PaymentRecorded, RecordingFailed
from actors.values import Refused, Settled, Unknown, Verdict
from tests.actors.intake.intake_bench import IntakeBench, payment

if TYPE_CHECKING:
    from actors.values import Outcome
    from tests.actors.fakes import Probe, World


class TestPurge:
    def test_it_raises_the_epoch_and_tells_the_ledger(self, ready: IntakeBench) -> None:
        ready.submit(payment(1), payment(2), payment(3))
        assert ready.purge().of(PurgeDone) == [PurgeDone(1)]
        assert ready.ledger.of(ForgetPayments) == [ForgetPayments(1)]
        counts = ready.statistics()
        assert (counts.epoch, counts.accepted) == (1, 0)

    def test_what_was_read_before_it_is_answered_as_purged(self, ready: IntakeBench) -> None:
        ready.purge()
        ready.submit(payment(1), payment(2), epoch=0)
        purged = ((1, Verdict.PURGED), (2, Verdict.PURGED))
        assert ready.session.of(VerdictsGiven) == [VerdictsGiven(2, purged)]
        assert ready.attempts() == []
        assert ready.statistics().purged == 2

    def test_ids_may_come_again_with_another_amount(self, ready: IntakeBench) -> None:
        ready.submit(payment(1))
        ready.attempts()
        ready.purge()
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
        ready.purge()
        ready.submit(payment(1), payment(2), payment(3), epoch=1)
        assert len(ready.attempts()) == 1, "the other payment actor is at work on the old one"
        before = ready.statistics()
        ready.end(old, outcome)
        assert len(ready.attempts()) == 1
        assert ready.statistics() == before._replace(in_flight=2, waiting=before.waiting - 1)

    def test_late_words_of_the_ledger_change_nothing(self, ready: IntakeBench) -> None:
        ready.purge()
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
        bench.purge()
        assert bench.session.of(CreditGranted) == [CreditGranted(1)]


class TestAdoption:
    @pytest.fixture
    def other(self, ready: IntakeBench) -> Probe:
        """A second session."""
        ready.tell(SessionOpened(ready.session.reference))
        other = ready.world.probe("other")
        ready.tell(SessionOpened(other.reference))
        return other

    def test_a_session_begins_in_the_epoch_of_its_opening(self, ready: IntakeBench, other: Probe) -> None:
        assert other.of(SessionAdmitted) == [SessionAdmitted(0)]
        ready.purge()
        late = ready.world.probe("late")
        ready.tell(SessionOpened(late.reference))
        assert late.received[0] == SessionAdmitted(1)
        assert late.of(EpochRaised) == []

    def test_a_purge_is_answered_once_every_session_has_adopted_its_epoch(
        self, ready: IntakeBench, other: Probe
    ) -> None:
        asker = ready.purge()
        assert ready.session.of(EpochRaised) == other.of(EpochRaised) == [EpochRaised(1)]
        ready.tell(SessionEpochAdopted(ready.session.reference, 1))
        assert asker.received == []
        ready.tell(SessionEpochAdopted(other.reference, 1))
        assert asker.received == [PurgeDone(1)]

    def test_it_does_not_wait_for_a_session_that_closes(self, ready: IntakeBench, other: Probe) -> None:
        asker = ready.purge()
        ready.tell(SessionEpochAdopted(ready.session.reference, 1))
        ready.tell(SessionClosed(other.reference))
        assert asker.received == [PurgeDone(1)]

    def test_a_session_that_does_not_adopt_it_in_time_is_dismissed(self, ready: IntakeBench, other: Probe) -> None:
        asker = ready.purge()
        ready.tell(SessionEpochAdopted(ready.session.reference, 1))
        ready.world.advance(ADOPTION_TIMEOUT_S + 0.1)
        assert len(other.of(SessionDismissed)) == 1
        assert ready.session.of(SessionDismissed) == []
        assert asker.received == [PurgeDone(1)]

    def test_the_later_of_two_epochs_stands_for_both(self, ready: IntakeBench, other: Probe) -> None:
        ready.tell(SessionClosed(other.reference))
        first, second = ready.purge(), ready.purge()
        ready.tell(SessionEpochAdopted(ready.session.reference, 2))
        assert (first.received, second.received) == ([PurgeDone(1)], [PurgeDone(2)])

    def test_one_that_crashes_each_time_is_answered_as_failed(
        self, ready: IntakeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ready.backlog, "purge", lambda: 1 / 0)
        (failed,) = ready.purge().received
        assert isinstance(failed, PurgeFailed)
        assert ready.world.dead_letters == {}

    def test_a_session_learns_of_the_epoch_of_a_purge_that_fails_half_way(
        self, ready: IntakeBench, other: Probe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Or else the next payment that it sends is purged."""
        monkeypatch.setattr(ready.purges, "begin", lambda *_: 1 / 0)
        (failed,) = ready.purge().received
        assert isinstance(failed, PurgeFailed)
        assert other.of(EpochRaised) == [EpochRaised(ready.backlog.epoch)]

    def test_a_session_whose_opening_crashes_each_time_is_dismissed(
        self, ready: IntakeBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ready.credits, "open", lambda session: 1 / 0)
        late = ready.world.probe("late")
        ready.tell(SessionOpened(late.reference))
        assert isinstance(late.received[-1], SessionDismissed)
        assert ready.world.dead_letters == {}
