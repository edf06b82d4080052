"""What becomes of payments in flight, case by case."""

from __future__ import annotations

from functools import partial

import pytest

from actors.intake.backlog.backlog import Backlog
from actors.intake.backlog.entry import CRASHES_MAX
from actors.intake.backlog.parked import LOOK_UP_EVERY_S, Parking
from actors.intake.backlog.unknowns import RETRY_MAX_S
from actors.messages.settling import Attempt
from actors.values import Payment, Step, Unknown
from tests.actors.intake.backlog_bench import head, send

PARKING = Parking()


@pytest.fixture
def backlog() -> Backlog:
    return Backlog(("default", "fallback"))


class TestUnknown:
    def test_it_is_due_at_once_then_ever_later_up_to_five_seconds(self, backlog: Backlog) -> None:
        payment_id = send(backlog)
        delays_s = []
        for _ in range(9):
            backlog.outcomes.mark_unknown(payment_id, 100.0)
            due_s = backlog.unknown_due_s("default")
            assert due_s is not None
            delays_s.append(due_s - 100.0)
            backlog.dispatch_bound("default")
        assert delays_s == pytest.approx([0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, RETRY_MAX_S, RETRY_MAX_S])

    def test_an_endless_outage_is_borne(self, backlog: Backlog) -> None:
        payment_id = send(backlog)
        for _ in range(5000):
            backlog.outcomes.mark_unknown(payment_id, 100.0)
            backlog.dispatch_bound("default")
        assert backlog.statistics().in_flight == 1

    def test_the_first_due_goes_first(self, backlog: Backlog) -> None:
        late, early = send(backlog, number=1), send(backlog, number=2)
        backlog.outcomes.mark_unknown(late, 107.0)
        backlog.outcomes.mark_unknown(early, 103.0)
        entries = [backlog.dispatch_bound("default") for _ in range(3)]
        assert [each and each.payment.payment_id for each in entries] == [early, late, None]

    def test_it_keeps_its_requested_at(self, backlog: Backlog) -> None:
        backlog.outcomes.mark_unknown(send(backlog), 100.0)
        entry = backlog.dispatch_bound("default")
        assert entry is not None
        assert (entry.processor, entry.requested_at_ms) == ("default", 5000)

    @pytest.mark.parametrize("permanent", [False, True])
    def test_no_refusal_clears_it(self, backlog: Backlog, permanent: bool) -> None:
        """The failure flag comes before the duplicate check: an empty 500 to a repeated post proves nothing."""
        payment_id = send(backlog)
        backlog.outcomes.mark_unknown(payment_id, 100.0)
        for _ in range(5):
            backlog.dispatch_bound("default")
            backlog.outcomes.refuse(payment_id, "HTTP 500, empty body", 100.0, permanent=permanent)
            assert backlog.heads(100.0) == []
            assert backlog.statistics().unknown == 1

    def test_a_found_row_ends_it(self, backlog: Backlog) -> None:
        payment_id = send(backlog)
        backlog.outcomes.mark_unknown(payment_id, 100.0)
        backlog.dispatch_bound("default")
        assert backlog.settle(payment_id)
        assert backlog.unknown_due_s("default") is None


class TestRefused:
    def test_it_rests_ever_longer_and_then_waits_free_for_any_processor(self, backlog: Backlog) -> None:
        payment_id, now_s = send(backlog), 100.0
        rests_s = []
        for _ in range(5):
            backlog.outcomes.refuse(payment_id, "HTTP 500, empty body", now_s, permanent=False)
            assert backlog.heads(now_s) == []
            assert backlog.rested_s is not None
            rests_s.append(backlog.rested_s - now_s)
            now_s = backlog.rested_s
            (rested,) = backlog.heads(now_s)
            assert not rested.rejections
            backlog.dispatch(rested, "fallback", 6000)
        assert rests_s == pytest.approx([0.1, 0.2, 0.4, 0.5, 0.5]), "as probes of an outage do"

    def test_it_rests_longer_if_its_processor_settles_others(self, backlog: Backlog) -> None:
        payment_id, now_s = send(backlog), 100.0
        rests_s = []
        for _ in range(8):
            backlog.outcomes.refuse(payment_id, "HTTP 500, empty body", now_s, permanent=False)
            backlog.outcomes.note_settled("default")
            assert backlog.rested_s is not None
            rests_s.append(backlog.rested_s - now_s)
            now_s = backlog.rested_s
            backlog.dispatch(backlog.heads(now_s)[0], "default", 6000)
        assert rests_s == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])

    def test_the_line_goes_on_behind_it(self, backlog: Backlog) -> None:
        payment_id = send(backlog, number=1)
        backlog.take(Payment(bytes([2]) * 16, 1), 100.5)
        backlog.outcomes.refuse(payment_id, "HTTP 500, empty body", 101.0, permanent=False)
        assert [each.payment.payment_id[0] for each in backlog.heads(101.0)] == [2]
        assert [each.payment.payment_id[0] for each in backlog.heads(101.2)] == [1, 2]
        assert backlog.statistics().waiting == 2

    def test_one_that_rests_may_be_sent_as_a_probe(self, backlog: Backlog) -> None:
        payment_id = send(backlog)
        backlog.outcomes.refuse(payment_id, "HTTP 500, empty body", 100.0, permanent=False)
        (resting,) = backlog.resting()
        backlog.dispatch(resting, "fallback", 6000)
        assert backlog.settle(payment_id)
        assert backlog.rested_s is None

    def test_one_that_a_processor_rejects_does_not_hold_up_the_rest(self, backlog: Backlog) -> None:
        payment_id = send(backlog, number=1)
        backlog.take(Payment(bytes([2]) * 16, 1), 100.0)
        backlog.outcomes.refuse(payment_id, "HTTP 400", 101.0, permanent=True)
        assert {each.payment.payment_id[0]: set(each.rejections) for each in backlog.heads(100.0)} == {
            1: {"default"},
            2: set(),
        }

    def test_rejected_by_all_it_is_parked_with_their_answers(self, backlog: Backlog) -> None:
        payment_id = send(backlog)
        backlog.outcomes.refuse(payment_id, "HTTP 400", 101.0, permanent=True)
        backlog.dispatch(head(backlog), "fallback", 6000)
        backlog.outcomes.refuse(payment_id, "HTTP 403", 101.0, permanent=True)
        (entry,) = backlog.held.parked
        assert entry.parked == "default: HTTP 400; fallback: HTTP 403"
        assert backlog.held.retry_all(102.0) == 1
        assert not head(backlog).rejections

    def test_a_passing_refusal_by_the_second_keeps_the_rejection_by_the_first(self, backlog: Backlog) -> None:
        payment_id = send(backlog)
        backlog.outcomes.refuse(payment_id, "HTTP 400", 101.0, permanent=True)
        backlog.dispatch(head(backlog), "fallback", 6000)
        backlog.outcomes.refuse(payment_id, "HTTP 429", 99.0, permanent=False)
        assert set(head(backlog).rejections) == {"default"}


class TestParked:
    def test_a_payment_is_parked_when_its_actor_crashed_on_it_three_times(self, backlog: Backlog) -> None:
        payment_id = send(backlog)
        for crash in range(1, CRASHES_MAX + 1):
            assert not backlog.held.parked
            backlog.outcomes.mark_unknown(payment_id, 100.0, crashed=True)
            if crash < CRASHES_MAX:
                backlog.dispatch_bound("default")
        (entry,) = backlog.held.parked
        assert "crashed on it 3 times" in entry.parked
        backlog.held.retry_all(101.0)
        backlog.dispatch_bound("default")
        backlog.outcomes.mark_unknown(payment_id, 101.0, crashed=True)
        assert not backlog.held.parked, "by hand it gets as many tries again"
        assert backlog.unknown_due_s("default") == 101.0

    def test_a_payment_that_all_refuse_while_they_settle_others_is_parked(self, backlog: Backlog) -> None:
        payment_id, now_s = send(backlog), 100.0
        refusals = 0
        while not backlog.held.parked:
            entry = backlog._in_flight[payment_id]
            backlog.outcomes.refuse(payment_id, "HTTP 500, empty body", now_s, permanent=False)
            refusals += 1
            for name in ("default", "fallback"):
                backlog.outcomes.note_settled(name)
            now_s += 5.0
            for each in backlog.heads(now_s):
                backlog.dispatch(each, "fallback" if entry.processor == "default" else "default", 6000)
        assert refusals == 2 * (PARKING.refusals + 1), "the first of each says nothing"
        (parked,) = backlog.outcomes.newly_parked
        assert parked.reason == "default: HTTP 500, empty body; fallback: HTTP 500, empty body"
        assert backlog.held.retry_all(now_s) == 1
        assert not head(backlog).kind.refused

    def test_not_while_one_of_them_has_not_been_asked_so_often(self, backlog: Backlog) -> None:
        payment_id, now_s = send(backlog), 100.0
        for _ in range(10 * PARKING.refusals):
            backlog.outcomes.refuse(payment_id, "HTTP 500, empty body", now_s, permanent=False)
            backlog.outcomes.note_settled("default")
            now_s += 5.0
            backlog.dispatch(head(backlog, now_s), "default", 6000)
        assert not backlog.held.parked

    def test_no_outage_parks_a_payment(self, backlog: Backlog) -> None:
        refused, unknown, now_s = send(backlog, number=1), send(backlog, number=2), 100.0
        for number in range(10_000):
            backlog.outcomes.refuse(refused, "HTTP 500, empty body", now_s, permanent=False)
            backlog.outcomes.mark_unknown(unknown, now_s)
            now_s += 5.0
            backlog.dispatch(head(backlog, now_s), ("default", "fallback")[number % 2], 6000)
            backlog.dispatch_bound("default")
        assert not backlog.held.parked

    def look_into(self, backlog: Backlog, payment_id: bytes, from_s: float, to_s: float) -> None:
        """Have a payment of unknown outcome looked into every 5 s while its processor settles others."""
        now_s = from_s
        while now_s < to_s:
            attempt = Attempt(Payment(payment_id, 1990), "default", 5000, 0, Step.RESOLVE)
            backlog.outcomes.note_attempt(attempt, Unknown("HTTP 422, then: HTTP 404"), now_s, now_s)
            backlog.outcomes.mark_unknown(payment_id, now_s)
            backlog.outcomes.note_settled("default")
            now_s += 5.0
            backlog.dispatch_bound("default")

    def test_an_outcome_that_stays_unknown_while_the_processor_is_well_is_parked(self, backlog: Backlog) -> None:
        payment_id = send(backlog)
        self.look_into(backlog, payment_id, 100.0, 100.0 + PARKING.unknown_s)
        assert not backlog.held.parked
        self.look_into(backlog, payment_id, 100.0 + PARKING.unknown_s, 100.0 + PARKING.unknown_s + 5)
        (parked,) = backlog.outcomes.newly_parked
        assert parked.reason == "outcome unknown at default, which settles others: HTTP 422, then: HTTP 404"
        assert backlog.statistics().parked == 1

    def test_it_is_looked_up_every_minute_and_settles_if_it_is_found(self, backlog: Backlog) -> None:
        payment_id = send(backlog)
        self.look_into(backlog, payment_id, 100.0, 105.0 + PARKING.unknown_s)
        told = backlog.outcomes.newly_parked.copy()
        absent = partial(backlog.outcomes.absent, asked_s=100.0)
        for outcome in (absent, backlog.outcomes.mark_unknown, absent):
            due_s = backlog.unknown_due_s("default")
            assert due_s is not None
            assert backlog.dispatch_due("default", due_s - 0.1) is None
            assert backlog.dispatch_bound("default") is None, "it is no probe"
            entry = backlog.dispatch_due("default", due_s)
            assert entry is not None
            assert (entry.parked, entry.processor) == (told[0].reason, "default")
            outcome(payment_id, due_s)
            assert backlog.statistics().parked == 1
            assert backlog.unknown_due_s("default") == due_s + LOOK_UP_EVERY_S
        assert backlog.outcomes.newly_parked == told, "it is said once"
        backlog.dispatch_due("default", 10_000.0)
        assert backlog.settle(payment_id)
        assert backlog.unknown_due_s("default") is None

    def test_let_go_while_it_is_looked_up_it_is_unknown_again(self, backlog: Backlog) -> None:
        payment_id = send(backlog)
        self.look_into(backlog, payment_id, 100.0, 105.0 + PARKING.unknown_s)
        entry = backlog.dispatch_due("default", 1000.0)
        assert entry is not None
        assert backlog.held.retry_all(1000.0) == 1
        assert not entry.parked
        backlog.outcomes.absent(payment_id, 1000.0, asked_s=1000.0)
        assert backlog.statistics().unknown == 1

    def test_one_that_may_be_committed_is_retried_at_its_processor_only(self, backlog: Backlog) -> None:
        backlog.outcomes.park(send(backlog), "by a test", 102.0)
        assert backlog.held.retry_all(103.0) == 1
        assert backlog.heads(100.0) == []
        assert backlog.unknown_due_s("default") == 103.0
        assert backlog.unknown_due_s("fallback") is None

    def test_one_that_turns_out_settled_is_settled(self, backlog: Backlog) -> None:
        payment_id = send(backlog)
        backlog.outcomes.park(payment_id, "by a test", 102.0)
        assert backlog.settle(payment_id)
        assert not backlog.held.parked
