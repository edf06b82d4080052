"""What a relay does with the messages in its hand, and in which order."""

from __future__ import annotations

from itertools import count

import pytest

from actors.facts import FeedMark
from actors.values import Payment
from rinha.jetstream.batch import BatchError, PurgeOrder, encode_payments, encode_purge
from rinha.jetstream.names import shard_of
from rinha.jetstream.relay.hand import Hand, Place, WrongShard

STREAM = "2026"
PURGE = encode_purge(PurgeOrder(bytes(16), "inbox"))


def payment(number: int) -> Payment:
    return Payment(number.to_bytes(16, "big"), 100 + number)


def batch(*numbers: int) -> bytes:
    return encode_payments([payment(number) for number in numbers])


class Worker:
    """Takes what it is given."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self._sequences = count(1)

    def submit(self, payment: Payment) -> int:
        self.taken.append(int.from_bytes(payment.payment_id, "big"))
        return next(self._sequences)


@pytest.fixture
def worker() -> Worker:
    return Worker()


def make_hand(shards: int = 1, mark: FeedMark | None = None) -> Hand:
    return Hand(Place(0, shards, mark or FeedMark(), STREAM))


def done(hand: Hand) -> list[int]:
    return [each.sequence for each in hand if each.is_done]


def carry_out(hand: Hand, sequence: int) -> None:
    purge = hand.due_purge
    assert purge is not None
    assert purge.sequence == sequence
    hand.purged(purge)


def test_payments_go_in_the_order_in_which_they_came_as_far_as_credit_goes(worker: Worker) -> None:
    hand = make_hand()
    hand.take(1, "a", batch(1, 2, 3))
    hand.take(2, "b", batch(4))
    hand.send(2, worker.submit)
    assert worker.taken == [1, 2]
    hand.send(0, worker.submit)
    assert worker.taken == [1, 2]
    hand.send(9, worker.submit)
    assert worker.taken == [1, 2, 3, 4]
    assert hand.unsent == 0


def test_a_message_is_done_when_each_of_its_payments_has_a_verdict(worker: Worker) -> None:
    hand = make_hand()
    hand.take(1, "a", batch(1, 2))
    hand.take(2, "b", batch(3))
    hand.send(9, worker.submit)
    hand.decided(range(1, 2))
    assert done(hand) == []
    hand.decided(range(2, 4))
    assert done(hand) == [1, 2]
    for held in list(hand):
        hand.forget(held)
    assert len(hand) == 0


def test_what_is_in_hand_is_not_given_twice_but_acknowledged_where_it_came_from_last(worker: Worker) -> None:
    hand = make_hand()
    hand.take(1, "a", batch(1))
    hand.send(9, worker.submit)
    again = hand.take(1, "b", batch(1))
    hand.send(9, worker.submit)
    assert worker.taken == [1]
    assert again.reply_to == "b"


def test_a_purge_waits_for_all_before_it_and_nothing_passes_it(worker: Worker) -> None:
    hand = make_hand()
    hand.take(1, "a", batch(1))
    hand.take(2, "b", PURGE)
    hand.take(3, "c", batch(2))
    assert hand.due_purge is None
    hand.send(9, worker.submit)
    assert worker.taken == [1]
    assert hand.due_purge is None, "the payment before it has no verdict yet"
    hand.decided(range(1, 2))
    carry_out(hand, 2)
    hand.send(9, worker.submit)
    assert worker.taken == [1, 2]
    assert done(hand) == [1, 2]


def test_what_is_older_than_a_purge_is_dropped_whenever_it_comes(worker: Worker) -> None:
    hand = make_hand()
    hand.take(5, "a", PURGE)
    hand.take(3, "b", batch(1))  # behind it in the queue, before it in the stream
    carry_out(hand, 5)
    hand.take(4, "c", batch(2))
    hand.send(9, worker.submit)
    assert worker.taken == []
    assert done(hand) == [5, 3, 4]


def test_the_worker_says_what_was_purged_before(worker: Worker) -> None:
    hand = make_hand(mark=FeedMark(STREAM, 7))
    hand.take(7, "a", batch(1))
    hand.take(8, "b", batch(2))
    hand.send(9, worker.submit)
    assert worker.taken == [2]
    assert done(hand) == [7]


def test_a_purge_that_was_carried_out_is_asked_for_again_so_that_whoever_waits_is_answered() -> None:
    hand = make_hand(mark=FeedMark(STREAM, 7))
    hand.take(7, "a", PURGE)
    assert hand.due_purge is not None


def test_a_stream_that_was_made_anew_begins_without_a_mark(worker: Worker) -> None:
    hand = make_hand(mark=FeedMark("2025", 7))
    hand.take(1, "a", batch(1))
    hand.send(9, worker.submit)
    assert worker.taken == [1]


def test_payments_of_another_shard_and_what_cannot_be_read_are_not_taken() -> None:
    hand = make_hand(shards=3)
    theirs = next(number for number in range(1, 99) if shard_of(payment(number).payment_id, 3) != 0)
    with pytest.raises(WrongShard, match="another shard than 0 of 3"):
        hand.take(1, "a", batch(theirs))
    with pytest.raises(BatchError):
        hand.take(2, "b", b"\x09\x09")
    assert len(hand) == 0
