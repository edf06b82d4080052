"""Which ids are new."""

from __future__ import annotations

import pytest

from actors.facts import Known
from actors.intake.backlog.ids import Ids
from actors.packed.id_map import IdMap
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


class TestWithAJournal:
    """Of so many ids at most; the journal knows the others."""

    @pytest.fixture
    def few(self) -> Ids:
        return Ids(records_per_bucket=2, ids_max=10)

    def test_the_newest_are_held(self, few: Ids) -> None:
        for number in range(100):
            assert few.enter(Payment(number.to_bytes(16), number)) is None
        held = [number for number in range(100) if number.to_bytes(16) in few]
        assert held == list(range(held[0], 100))
        assert 5 <= len(held) <= 10
        assert few.taken == 100

    def test_before_any_is_let_go_it_says_that_it_forgets(self, few: Ids) -> None:
        for number in range(100):
            few.enter(Payment(number.to_bytes(16), number))
            assert few.forgets or all(each.to_bytes(16) in few for each in range(number + 1))

    def test_what_is_written_off_stays(self, few: Ids) -> None:
        few.enter(Payment(ID, 100))
        few.write_off(ID)
        for number in range(1, 50):
            few.enter(Payment(number.to_bytes(16), 1))
        assert few.enter(Payment(ID, 100)) is Verdict.WRITTEN_OFF
        assert few.enter(Payment(ID, 101)) is Verdict.CONFLICT

    @pytest.mark.parametrize("later", [0, 7, 40], ids=["at once", "in the older generation", "when it has gone"])
    def test_what_the_journal_knew_is_taken_back(self, few: Ids, later: int) -> None:
        few.enter(Payment(ID, 101))
        for number in range(1, later + 1):
            few.enter(Payment(number.to_bytes(16), 1))
        assert few.take_back(Payment(ID, 101), Known(ID, 100, False)) is Verdict.CONFLICT
        assert (few.taken, few.conflicts) == (later, 1)
        if later < 10:
            assert few.enter(Payment(ID, 100)) is Verdict.TAKEN, "the amount on record counts from now on"

    def test_one_that_was_written_off_long_ago_is_so_again(self, few: Ids) -> None:
        few.enter(Payment(ID, 100))
        assert few.take_back(Payment(ID, 100), Known(ID, 100, True)) is Verdict.WRITTEN_OFF
        assert few.is_written_off(ID)

    def test_after_a_restart_it_forgets_if_the_journal_has_more(self) -> None:
        for known, forgets in ((1, False), (2, True)):
            ids, read = Ids(ids_max=10), IdMap()
            read.add(ID, 100)
            ids.restore(read, taken=known)
            assert (ids.forgets, ids.taken) == (forgets, known)
