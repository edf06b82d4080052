"""What is drawn for a soak."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.soak.plan import BEGIN_MAX_S, FAULTS, LAST_MAX_S, ROUND_S, draw_rounds

STORES = tuple(FAULTS)


@pytest.mark.parametrize("store", STORES)
def test_a_seed_is_a_plan(store: str) -> None:
    one, again, other = (list(islice(draw_rounds(seed, store), 50)) for seed in (1, 1, 2))
    assert one == again != other


@pytest.mark.parametrize("store", STORES)
def test_two_different_subjects_fail_in_each_round_and_are_well_before_the_next(store: str) -> None:
    for one, other in islice(draw_rounds(3, store), 200):
        assert one.subject != other.subject
        assert max(one.begin_s + one.last_s, other.begin_s + other.last_s) < ROUND_S
    assert BEGIN_MAX_S + LAST_MAX_S < ROUND_S


@pytest.mark.parametrize("store", STORES)
def test_every_fault_strikes_sooner_or_later(store: str) -> None:
    drawn = {(each.subject, each.fault) for pair in islice(draw_rounds(4, store), 500) for each in pair}
    assert drawn == {(subject, fault) for subject, faults in FAULTS[store].items() for fault in faults}
