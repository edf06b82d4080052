"""The backlog, case by case."""

from __future__ import annotations

import pytest

from actors.intake.backlog.backlog import Backlog
from actors.intake.backlog.entry import Entry, State
from actors.values import Payment, Verdict
from tests.actors.intake.backlog_bench import send


@pytest.fixture
def backlog() -> Backlog:
    return Backlog(("default", "fallback"))


def test_held_ids_come_oldest_first(backlog: Backlog) -> None:
    for number, taken_at_s in ((2, 1.0), (3, 2.0), (1, 3.0)):
        backlog.take(Payment(bytes([number]) * 16, 1), taken_at_s)
    backlog.dispatch(backlog.heads(3.0)[0], "default", 5000)
    assert [each[0] for each in backlog.held.ids()] == [2, 3, 1], "in whatever state"


def test_a_settled_payment_stays_known(backlog: Backlog) -> None:
    backlog.settle(send(backlog))
    assert backlog.take(Payment(bytes([1]) * 16, 1990), 101.0) is Verdict.TAKEN
    assert backlog.take(Payment(bytes([1]) * 16, 1), 101.0) is Verdict.CONFLICT
    assert backlog.heads(100.0) == []


def test_dispatching_what_does_not_wait_is_an_error_that_changes_nothing(backlog: Backlog) -> None:
    send(backlog)
    before = backlog.statistics()
    with pytest.raises(ValueError, match="deque"):
        backlog.dispatch(Entry(Payment(bytes([9]) * 16, 1), 0.0), "default", 1)
    assert backlog.statistics() == before


def test_a_purge_leaves_nothing_but_its_count(backlog: Backlog) -> None:
    payment_id = send(backlog)
    backlog.outcomes.mark_unknown(payment_id, 101.0)
    backlog.overtaken(2)
    assert backlog.purge() == backlog.epoch == 1
    assert set(backlog.statistics()._replace(epoch=0)) == {0, 2}
    assert len(backlog.held) == 0
    assert not backlog.outcomes.doubts
    assert backlog.find(payment_id) is None


def test_results_of_what_was_purged_change_nothing(backlog: Backlog) -> None:
    payment_id = send(backlog)
    backlog.purge()
    before = backlog.statistics()
    assert not backlog.settle(payment_id)
    assert not backlog.outcomes.refuse(payment_id, "HTTP 500", 101.0, permanent=False)
    backlog.outcomes.mark_unknown(payment_id, 101.0)
    backlog.outcomes.park(payment_id, "a reason", 102.0)
    assert backlog.statistics() == before


def test_a_payment_is_found_where_it_is(backlog: Backlog) -> None:
    payment_id = send(backlog)
    assert backlog.find(payment_id) == (State.IN_FLIGHT, backlog.held.in_flight[payment_id])
    backlog.settle(payment_id)
    assert backlog.find(payment_id) == (State.SETTLED, None)
