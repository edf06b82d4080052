"""Which payments go into which message."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rinha.jetstream.batch import PAYMENTS_MAX
from rinha.jetstream.grouping import UNDER_WAY_MAX, Grouping


def test_what_comes_while_two_messages_are_under_way_goes_with_the_next() -> None:
    group = Grouping[int]()
    group.add(1)
    first = group.begin()
    group.add(2)
    second = group.begin()
    for number in (3, 4, 5):
        group.add(number)
    assert (first, second, group.begin()) == ([1], [2], ())
    group.end()
    assert group.begin() == [3, 4, 5]
    assert len(group) == 0


@given(st.lists(st.sampled_from(["add", "begin", "end", "drop"]) | st.integers(1, 2 * PAYMENTS_MAX)))
def test_each_goes_once_in_order_and_never_with_too_many(steps: list[str | int]) -> None:
    group = Grouping[int]()
    added, gone, under_way = 0, list[int](), 0
    for step in steps:
        if step == "begin":
            message = group.begin()
            under_way += bool(message)
            gone += message
            assert len(message) <= PAYMENTS_MAX
        elif step == "end":
            if under_way:
                group.end()
                under_way -= 1
        elif step == "drop":
            gone += group.drop()
        else:
            for _ in range(1 if step == "add" else int(step)):
                group.add(added)
                added += 1
        assert under_way <= UNDER_WAY_MAX
        assert gone == list(range(len(gone)))
        assert len(group) + len(gone) == added
