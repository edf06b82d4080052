"""What an API remembers of what it sent, and tells the next worker."""

from __future__ import annotations

import pytest

from rinha.bridge.protocol.api.sent import Sent
from rinha.bridge.protocol.wire.frames import ID_BYTES, MAX_SENT_IDS


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


def payment_id(number: int) -> bytes:
    return number.to_bytes(ID_BYTES)


def add(sent: Sent, *numbers: int) -> None:
    for each in numbers:
        sent.add(payment_id(each))


def told(sent: Sent, incarnation: int) -> list[int]:
    packed = b"".join(sent.meet(incarnation))
    return [int.from_bytes(packed[at : at + ID_BYTES]) for at in range(0, len(packed), ID_BYTES)]


def test_the_first_worker_is_told_nothing(watch: Watch) -> None:
    sent = Sent(300.0, watch)
    assert sent.meet(1) == []
    add(sent, 1)
    assert sent.meet(1) == []


def test_another_worker_is_told_what_those_before_it_were_sent(watch: Watch) -> None:
    sent = Sent(300.0, watch)
    sent.meet(1)
    add(sent, 1, 2)
    assert told(sent, 2) == [1, 2]
    add(sent, 3)
    assert told(sent, 2) == [1, 2], "again after a break, in case it broke before all was told"
    assert told(sent, 3) == [3, 1, 2]


def test_another_worker_learns_that_there_was_one_before_it_though_nothing_was_sent(watch: Watch) -> None:
    sent = Sent(300.0, watch)
    sent.meet(1)
    assert sent.meet(2) == [b""]


def test_ids_go_with_their_age(watch: Watch) -> None:
    sent = Sent(300.0, watch)
    sent.meet(1)
    add(sent, 1)
    watch.now_s += 299
    assert told(sent, 2) == [1]
    add(sent, 2)
    watch.now_s += 2
    assert told(sent, 3) == [2]
    assert sent.dropped == 0


def test_too_many_drop_the_oldest_and_are_counted(watch: Watch) -> None:
    sent = Sent(300.0, watch)
    sent.meet(1)
    for number in range(MAX_SENT_IDS + 5_000):
        sent.add(payment_id(number))
    assert len(sent) <= MAX_SENT_IDS
    assert len(sent) + sent.dropped == MAX_SENT_IDS + 5_000
    kept = told(sent, 2)
    assert sorted(kept) == list(range(sent.dropped, MAX_SENT_IDS + 5_000))
    assert kept[0] > kept[-1], "the newest first"


def test_a_purge_needs_no_memory(watch: Watch) -> None:
    sent = Sent(300.0, watch)
    sent.meet(1)
    add(sent, 1)
    sent.forget()
    add(sent, 2)
    assert told(sent, 2) == [2]
