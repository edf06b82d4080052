"""Ids are numbered in the order of their coming, and found again, however many they are and however they end."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.id_index import IdIndex
from actors.known import KnownPayments

IDS = st.lists(st.binary(min_size=16, max_size=16), unique=True, max_size=200)
# All in one of the 256 tables, so that it grows again and again.
CROWDED = st.lists(st.binary(min_size=15, max_size=15).map(lambda start: start + b"x"), unique=True, max_size=200)


@given(ids=IDS | CROWDED, strangers=IDS)
def test_it_agrees_with_a_dict(ids: list[bytes], strangers: list[bytes]) -> None:
    index = IdIndex()
    assert [index.add(each) for each in ids] == list(range(len(ids)))
    model = {each: row for row, each in enumerate(ids)}
    for each in (*ids, *strangers):
        assert index.find(each) == model.get(each, -1)
    assert [index[row] for row in range(len(index))] == ids


@given(ids=IDS | CROWDED, more=IDS)
def test_many_at_once_are_as_one_by_one(ids: list[bytes], more: list[bytes]) -> None:
    more = [each for each in more if each not in ids]
    index = IdIndex()
    index.extend(ids)
    index.extend(more)
    assert [index.find(each) for each in (*ids, *more)] == list(range(len(ids) + len(more)))
    copy = index.copy()
    assert index.add(b"another one     ") == len(ids) + len(more)
    assert copy.find(b"another one     ") == -1
    assert [copy.find(each) for each in ids] == list(range(len(ids)))


@pytest.mark.parametrize("wrong", [b"", b"x" * 15, b"x" * 17])
def test_an_id_of_another_length_is_refused(wrong: bytes) -> None:
    index = IdIndex()
    with pytest.raises(ValueError, match="16 bytes"):
        index.add(wrong)
    assert len(index) == 0


@pytest.mark.parametrize("row", [-1, 1])
def test_a_row_that_is_not_there(row: int) -> None:
    index = IdIndex()
    index.add(bytes(16))
    with pytest.raises(IndexError):
        index[row]


def test_known_payments_remember_amounts() -> None:
    known = KnownPayments()
    index = IdIndex()
    index.add(bytes(16))
    known.restore(index, array("q", [1990]))
    known.add(b"y" * 16, 5)
    assert (known.amount_cents(bytes(16)), known.amount_cents(b"y" * 16), len(known)) == (1990, 5, 2)
    assert known.amount_cents(b"z" * 16) is None
