"""What a message of the stream holds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.values import Payment
from rinha.jetstream.batch import PAYMENTS_MAX, BatchError, PaymentsBatch, PurgeOrder, decode, encode_payments
from rinha.jetstream.batch import encode_purge as purge
from rinha.jetstream.names import consumer, shard_of, subject

ids = st.binary(min_size=16, max_size=16)
payments = st.builds(Payment, ids, st.integers(1, 2**63 - 1), st.integers(0, 2**63 - 1))


@given(st.lists(payments, min_size=1, max_size=20))
def test_payments_come_back_as_they_were_in_their_order(sent: list[Payment]) -> None:
    assert decode(encode_payments(sent)) == PaymentsBatch(tuple(sent))


def test_the_largest_message_is_small() -> None:
    sent = [Payment(bytes([number % 256]) * 16, 1 + number) for number in range(PAYMENTS_MAX)]
    data = encode_payments(sent)
    assert len(data) < 2**15
    assert decode(data) == PaymentsBatch(tuple(sent))


@given(ids, st.from_regex(r"[A-Za-z0-9._]{1,255}", fullmatch=True))
def test_a_purge_comes_back_as_it_was(purge_id: bytes, reply_to: str) -> None:
    assert decode(purge(PurgeOrder(purge_id, reply_to))) == PurgeOrder(purge_id, reply_to)


WHOLE = encode_payments([Payment(b"i" * 16, 7)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x01\x01",
        b"\x02" + WHOLE[1:],
        b"\x01\x03" + WHOLE[2:],
        WHOLE[:-1],
        WHOLE + b"\0",
        WHOLE[:2] + bytes(32),
        WHOLE[:2] + WHOLE[2:] * (PAYMENTS_MAX + 1),
        b"\x01\x02" + b"p" * 16,
        b"\x01\x02" + b"p" * 16 + b"\xff",
        b"\x01\x02" + b"p" * 16 + b"x" * 256,
    ],
)
def test_what_is_no_message_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(BatchError):
        decode(data)


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        message = decode(data)
    except BatchError:
        return
    assert (encode_payments(message.payments) if isinstance(message, PaymentsBatch) else purge(message)) == data


def test_a_payment_stays_in_its_shard_for_good() -> None:
    assert [shard_of(bytes([number]) * 16, 3) for number in range(6)] == [1, 0, 1, 0, 0, 1]


def test_shards_are_used_alike() -> None:
    used = [0] * 3
    for number in range(30_000):
        used[shard_of(number.to_bytes(16, "big"), 3)] += 1
    assert max(used) - min(used) < 1000
    assert all(subject(one) != subject(other) and consumer(one) != consumer(other) for one, other in pairwise(range(9)))
