"""Which ids are new."""

from __future__ import annotations

import pytest

from actors.intake.backlog.ids import Ids
from actors.values import Payment, Verdict

ID, OTHER = bytes([1]) * 16, bytes([2]) * 16


@pytest.fixture
def ids() -> Ids:
    known = Ids()
    assert known.enter(Payment(ID, 100)) is None, "it is new"
    return known


def test_the_amount_tells_a_duplicate_from_a_conflict(ids: Ids) -> None:
    assert ids.enter(Payment(ID, 100)) is Verdict.TAKEN
    assert ids.enter(Payment(ID, 101)) is Verdict.CONFLICT
    assert (ids.taken, ids.duplicates, ids.conflicts) == (1, 1, 1)


def test_what_is_written_off_stays_known(ids: Ids) -> None:
    ids.write_off(ID)
    assert ids.is_written_off(ID)
    assert ids.enter(Payment(ID, 100)) is Verdict.WRITTEN_OFF
    assert ids.enter(Payment(ID, 101)) is Verdict.CONFLICT
    assert (ids.taken, ids.written_off, ids.duplicates) == (1, 1, 0)


def test_others_are_not_known(ids: Ids) -> None:
    assert ID in ids
    assert OTHER not in ids
    ids.add(Payment(OTHER, 5))
    assert OTHER in ids
