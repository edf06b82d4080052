"""Histograms: percentiles to within a bucket, sums and differences."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rinha.bridge.protocol.wire.overview import Counted
from rinha.overview.histogram import BOUNDS_MS, Histogram, cumulative, percentile_ms, since, total

TOOK_MS = st.floats(0.02, 80_000)


def counted(*took_ms: float) -> Counted:
    histogram = Histogram()
    for each in took_ms:
        histogram.add(each)
    return histogram.counted()


def test_the_bounds_grow_by_an_eighth_and_hold_the_usual_ones() -> None:
    ratios = [high / low for low, high in pairwise(BOUNDS_MS)]
    assert all(1.1 < each < 1.15 for each in ratios)
    assert {0.1, 1.0, 2.5, 5.0, 10.0, 25.0, 100.0, 1000.0, 10_000.0} <= set(BOUNDS_MS)


@given(st.lists(TOOK_MS, min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_percentile_is_right_to_within_an_eighth(took_ms: list[float], share: float) -> None:
    exact = sorted(took_ms)[math.ceil(share * len(took_ms)) - 1]
    found = percentile_ms(counted(*took_ms), share)
    assert found is not None
    assert exact / 1.15 - 0.001 <= found <= exact * 1.15 + 0.001


def test_nothing_has_no_percentile() -> None:
    assert percentile_ms(Counted({}, 0.0), 0.5) is None


def test_what_takes_longer_than_all_bounds_counts_in_the_last_bucket() -> None:
    assert percentile_ms(counted(1e9), 0.5) == BOUNDS_MS[-1]
    assert percentile_ms(counted(0.0), 0.99) == pytest.approx(0.01, abs=0.001)


@given(st.lists(TOOK_MS, max_size=50), st.lists(TOOK_MS, max_size=50))
def test_sums_and_differences_undo_each_other(before: list[float], after: list[float]) -> None:
    now = total((counted(*before), counted(*after)))
    assert now.counts == counted(*before, *after).counts
    difference = since(now, counted(*before))
    assert difference.counts == counted(*after).counts
    assert difference.sum_ms == pytest.approx(sum(after), rel=1e-6, abs=1e-6)


def test_a_bucket_that_is_not_there_is_ignored() -> None:
    assert total((Counted({-1: 3, 10_000: 4, 5: 1}, 2.0),)) == Counted({5: 1}, 2.0)


def test_how_many_took_no_longer() -> None:
    assert cumulative(counted(0.5, 1.0, 1.01, 9.0, 1e6), (1.0, 10.0, 10_000.0)) == [2, 4, 4]
