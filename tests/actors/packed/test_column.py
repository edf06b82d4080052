"""A column holds what a list would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.packed.column import Column

SMALL = st.integers(0, 2**32 - 1)
VALUES = st.lists(SMALL | st.integers(-(2**63), 2**63 - 1), max_size=20)


@given(base=st.sampled_from([0, 10**12]), chunks=st.lists(VALUES | st.lists(SMALL, max_size=20), max_size=5))
def test_it_agrees_with_a_list(base: int, chunks: list[list[int]]) -> None:
    one_by_one, at_once, model = Column(base), Column(base), list[int]()
    for chunk in chunks:
        at_once.extend(chunk)
        for value in chunk:
            one_by_one.append(value)
        model += chunk
        assert list(at_once) == list(one_by_one) == model
    assert len(at_once) == len(model)


def test_small_values_take_four_bytes_and_count_from_the_base() -> None:
    column = Column(10**12)
    column.extend([10**12, 10**12 + 2**32 - 1])
    assert column.values.itemsize == 4
    column.append(10**12 - 1)
    assert column.values.itemsize == 8
    assert list(column) == [10**12, 10**12 + 2**32 - 1, 10**12 - 1]


@pytest.mark.parametrize("wrong", [2**63, -(2**63) - 1])
def test_more_than_64_bits_are_refused(wrong: int) -> None:
    column = Column()
    column.append(1)
    with pytest.raises(OverflowError):
        column.append(wrong)
    with pytest.raises(OverflowError):
        column.extend([2, wrong])
    assert list(column) == [1]
