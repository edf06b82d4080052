"""Ids are found again with their numbers, however many they are and whatever is in them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.packed.id_map import RECORDS_PER_BUCKET, IdMap, bucket_hash

IDS = st.lists(st.binary(min_size=16, max_size=16), unique=True, max_size=200)
# Few different bytes, so that an id often reads like the end of one record and the start of the next.
ALIKE = st.lists(st.lists(st.sampled_from(b"\0\1"), min_size=16, max_size=16).map(bytes), unique=True, max_size=200)
NUMBERS = st.integers(0, 2**32 - 1)


def filled(ids: list[bytes]) -> IdMap:
    ids_map = IdMap()
    for number, each in enumerate(ids):
        ids_map.add(each, number)
    return ids_map


@given(ids=IDS | ALIKE, strangers=IDS | ALIKE, number=NUMBERS, crowd=st.sampled_from([1, 2, 1000]))
def test_it_agrees_with_a_dict(ids: list[bytes], strangers: list[bytes], number: int, crowd: int) -> None:
    ids_map, model = IdMap(crowd), dict[bytes, int]()
    for each in ids:
        assert ids_map.get(each) == -1
        ids_map.add(each, number)
        model[each] = number
        number = number * 5 % 2**32
    assert len(ids_map) == len(model)
    for each in (*ids, *strangers):
        assert ids_map.get(each) == model.get(each, -1)


@given(ids=IDS | ALIKE)
def test_numbers_lead_back_to_their_ids(ids: list[bytes]) -> None:
    ids_map = filled(ids)
    assert [ids_map.id_of(number, bucket_hash(each)) for number, each in enumerate(ids)] == ids
    with pytest.raises(KeyError):
        ids_map.id_of(len(ids), bucket_hash(bytes(16)))


@given(ids=IDS | ALIKE, data=st.data())
def test_the_same_ids_with_other_numbers(ids: list[bytes], data: st.DataObject) -> None:
    numbers = data.draw(st.lists(NUMBERS, min_size=len(ids), max_size=len(ids)))
    ids_map = filled(ids)
    other = ids_map.with_numbers(numbers)
    assert ([other.get(each) for each in ids], len(other)) == (numbers, len(ids))
    another = next(each for each in (bytes([n]) * 16 for n in range(256)) if each not in ids)
    other.add(another, 7)
    assert (other.get(another), ids_map.get(another)) == (7, -1)


def test_thousands_of_ids_that_differ_in_few_bits_are_told_apart() -> None:
    count = 200 * RECORDS_PER_BUCKET
    ids = [number.to_bytes(16) for number in range(count)]
    ids_map = filled(ids)
    assert [ids_map.get(each) for each in ids] == list(range(count))
    assert ids_map.get(count.to_bytes(16)) == -1


@pytest.mark.parametrize("wrong", [b"", b"x" * 15, b"x" * 17])
def test_an_id_of_another_length_is_refused(wrong: bytes) -> None:
    ids_map = IdMap()
    with pytest.raises(ValueError, match="16 bytes"):
        ids_map.add(wrong, 0)
    assert len(ids_map) == 0


@pytest.mark.parametrize("wrong", [-1, 2**32])
def test_a_number_out_of_range_is_refused(wrong: int) -> None:
    ids_map = IdMap()
    with pytest.raises(struct.error):
        ids_map.add(bytes(16), wrong)
    assert (len(ids_map), ids_map.get(bytes(16))) == (0, -1)


@given(ids=IDS | ALIKE, data=st.data())
def test_ids_are_found_by_how_they_begin(ids: list[bytes], data: st.DataObject) -> None:
    ids_map = filled(ids)
    digits = data.draw(st.sampled_from(ids or [bytes(16)])).hex()[: data.draw(st.integers(2, 32))]
    expected = sorted(each for each in ids if each.hex().startswith(digits))
    assert sorted(ids_map.starting_with(digits, limit=1000)) == expected
    assert len(ids_map.starting_with(digits, limit=1)) == min(1, len(expected))


@given(ids=IDS | ALIKE, chosen=st.integers(0, 199), number=NUMBERS)
def test_an_id_can_be_given_another_number_and_the_others_keep_theirs(
    ids: list[bytes], chosen: int, number: int
) -> None:
    ids_map, model = filled(ids), {each: place for place, each in enumerate(ids)}
    if ids:
        model[ids[chosen % len(ids)]] = number
        ids_map.replace(ids[chosen % len(ids)], number)
    assert {each: ids_map.get(each) for each in ids} == model
    assert len(ids_map) == len(ids)


def test_what_is_not_there_can_not_be_given_another_number() -> None:
    with pytest.raises(KeyError):
        IdMap().replace(bytes(16), 1)
