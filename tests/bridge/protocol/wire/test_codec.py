"""Frames: whole, byte by byte, with trailing data, cut at random, and hostile."""

from __future__ import annotations

import contextlib
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.values import Payment, Verdict
from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.wire.codec import MAX_FRAME_BYTES, FrameDecoder, PaymentRun, encode, encode_payment
from rinha.bridge.protocol.wire.frames import (
    MAX_EXCEPTIONS,
    MAX_REQUEST_BYTES,
    MAX_SENT_IDS_PER_FRAME,
    Ack,
    Credit,
    Epoch,
    EpochAdopted,
    Ping,
    Pong,
    Reply,
    ReplyStatus,
    Request,
    SentBefore,
    Tally,
    Withdrawal,
)
from rinha.bridge.protocol.wire.handshake import PROTOCOL_VERSION, Challenge, Hello, Refusal, Welcome

U32 = st.integers(0, 2**32 - 1)
U64 = st.integers(0, 2**64 - 1)
ID = st.binary(min_size=16, max_size=16)
PAYMENTS = st.builds(Payment, ID, st.integers(1, 2**32 - 1), st.one_of(st.just(0), st.integers(1, 2**64 - 1)))
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=16)
HELLOS = st.tuples(st.integers(1, 2**64 - 1), st.integers(1, 2**64 - 1)).flatmap(
    lambda pair: st.builds(
        Hello,
        st.just(PROTOCOL_VERSION),
        ID,
        NAMES,
        U64,
        U32,
        st.just(min(pair)),
        st.just(max(pair)),
        st.binary(min_size=32, max_size=32),
        ID,
    )
)
FRAMES = st.one_of(
    st.builds(Challenge, st.just(PROTOCOL_VERSION), ID),
    HELLOS,
    st.builds(Welcome, U64, U32, ID, U64),
    st.builds(Refusal, st.integers(0, 255), st.text(max_size=50)),
    st.builds(Ack, U64, st.lists(st.tuples(U64, st.sampled_from(Verdict)), max_size=5).map(tuple)),
    U64.map(Credit),
    st.sampled_from(Withdrawal).map(lambda why: Credit(0, why)),
    st.builds(Tally, U64, U32, U32),
    st.builds(Epoch, U32),
    st.builds(EpochAdopted, U32),
    st.builds(Request, U32, st.integers(0, 255), st.binary(max_size=100)),
    st.builds(Reply, U32, st.sampled_from(ReplyStatus), st.booleans(), st.binary(max_size=100)),
    st.just(Ping()),
    st.just(Pong()),
    st.builds(SentBefore, st.lists(ID, max_size=5).map(b"".join)),
)
SEQUENCED = st.tuples(st.integers(1, 2**64 - 1), PAYMENTS, st.booleans())


def to_bytes(item: Any) -> bytes:
    if type(item) is tuple:
        return encode_payment(*item)
    return encode(item)


def flat(decoded: list[Any]) -> list[Any]:
    """Runs of payments as single ones again, as (sequence, payment, redelivered)."""
    items: list[Any] = []
    for frame in decoded:
        if isinstance(frame, PaymentRun):
            assert frame.payments
            items += [(n, each, frame.redelivered) for n, each in enumerate(frame.payments, frame.first_sequence)]
        else:
            items.append(frame)
    return items


@given(st.lists(st.one_of(FRAMES, SEQUENCED), max_size=12))
def test_what_is_encoded_comes_back(items: list[Any]) -> None:
    decoded = FrameDecoder().feed(b"".join(map(to_bytes, items)))
    assert flat(decoded) == items
    assert list(map(type, flat(decoded))) == list(map(type, items))


@given(st.lists(st.one_of(FRAMES, SEQUENCED), min_size=1, max_size=6))
def test_byte_by_byte_each_frame_is_complete_with_its_last_byte(items: list[Any]) -> None:
    decoder = FrameDecoder()
    for item in items:
        *head, last = to_bytes(item)
        for byte in head:
            assert decoder.feed(bytes([byte])) == []
        assert flat(decoder.feed(bytes([last]))) == [item]


@given(st.lists(st.one_of(FRAMES, SEQUENCED), min_size=1, max_size=12), st.data())
def test_it_does_not_matter_how_the_stream_is_cut(items: list[Any], data: st.DataObject) -> None:
    stream = b"".join(map(to_bytes, items))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder, decoded = FrameDecoder(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        decoded += flat(decoder.feed(stream[start:end]))
    assert decoded == items


def test_trailing_data_waits_for_its_rest() -> None:
    decoder = FrameDecoder()
    second = encode(Credit(7))
    assert decoder.feed(encode(Ping()) + second[:6]) == [Ping()]
    assert decoder.feed(b"") == []
    assert decoder.feed(second[6:] + encode(Pong())) == [Credit(7), Pong()]


def payment(number: int) -> Payment:
    return Payment(bytes([number]) * 16, number)


def test_consecutive_payments_come_as_one_run() -> None:
    stream = b"".join(encode_payment(n, payment(n)) for n in range(1, 6))
    assert FrameDecoder().feed(stream) == [PaymentRun(1, False, [payment(n) for n in range(1, 6)])]


def test_a_gap_a_mark_or_another_frame_ends_a_run() -> None:
    stream = (
        encode_payment(1, payment(1), True)
        + encode_payment(2, payment(2))
        + encode_payment(4, payment(4))
        + encode(EpochAdopted(2))
        + encode_payment(5, payment(5))
    )
    assert FrameDecoder().feed(stream) == [
        PaymentRun(1, True, [payment(1)]),
        PaymentRun(2, False, [payment(2)]),
        PaymentRun(4, False, [payment(4)]),
        EpochAdopted(2),
        PaymentRun(5, False, [payment(5)]),
    ]


def framed(kind: int, body: bytes) -> bytes:
    return struct.pack(">IB", len(body) + 1, kind) + body


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">I", 0) + b"\x05",
        struct.pack(">IB", MAX_FRAME_BYTES + 1, 5),
        struct.pack(">IB", 2**32 - 1, 11),
        framed(0, b""),
        framed(15, b""),
        framed(16, b""),
        encode(Credit(1)).replace(b"\1\0", b"\1\1"),
        encode(Credit(0)).replace(bytes(9), bytes(8) + b"\4"),
        framed(255, b"x" * 30),
        b"GET / HTTP/1.1\r\n\r\n",
        framed(1, b"\x00"),
        framed(1, b"\x00\x03" + bytes(15)),
        framed(2, b"\x00\x03" + bytes(50)),
        encode(Hello(3, bytes(16), "n" * 65, 0, 0, 1, 1)),
        encode(Hello(3, bytes(16), "", 0, 0, 1, 1)),
        encode(Hello(3, bytes(16), "n", 0, 0, 2, 1)),
        encode(Hello(3, bytes(16), "n", 0, 0, 0, 1)),
        encode(Hello(3, bytes(16), "n", 0, 0, 1, 1)).replace(b"n", b"\xff"),
        framed(3, bytes(27)),
        framed(3, bytes(29)),
        framed(4, b""),
        framed(5, bytes(28)),
        framed(5, bytes(30)),
        framed(5, struct.pack(">QB16sI", 0, 0, bytes(16), 1)),
        framed(5, struct.pack(">QB16sI", 1, 0, bytes(16), 0)),
        framed(5, struct.pack(">QB16sI", 1, 2, bytes(16), 1)),
        framed(5, struct.pack(">QB16sI", 1, 4, bytes(16), 1)),
        framed(5, struct.pack(">QB16sIQ", 1, 0, bytes(16), 1, 1)),
        framed(5, struct.pack(">QB16sIQ", 1, 2, bytes(16), 1, 0)),
        framed(5, struct.pack(">QB16sIQ", 1, 6, bytes(16), 1, 1)),
        framed(6, bytes(9)),
        framed(6, struct.pack(">QHQB", 1, 0, 1, 1)),
        framed(6, struct.pack(">QHQB", 1, 1, 1, 4)),
        framed(6, struct.pack(">QH", 1, MAX_EXCEPTIONS + 1) + bytes(9 * (MAX_EXCEPTIONS + 1))),
        framed(7, bytes(7)),
        framed(8, bytes(5)),
        framed(9, b""),
        framed(10, bytes(4)),
        framed(10, bytes(5 + MAX_REQUEST_BYTES + 1)),
        framed(11, bytes(5)),
        framed(11, b"\0\0\0\1\4\0"),
        framed(11, b"\0\0\0\1\0\2"),
        framed(12, b"x"),
        framed(13, b"x"),
        framed(14, bytes(15)),
        framed(14, bytes(16 * (MAX_SENT_IDS_PER_FRAME + 1))),
    ],
)
def test_what_is_no_frame_breaks_the_protocol(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        FrameDecoder().feed(encode(Ping()) + data)


@given(st.binary(max_size=200))
def test_garbage_gives_frames_or_a_protocol_error_and_nothing_else(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        FrameDecoder().feed(data)


@given(st.integers(1, 13), st.binary(max_size=120))
def test_random_bodies_give_frames_or_a_protocol_error_and_nothing_else(kind: int, body: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        FrameDecoder().feed(framed(kind, body))


def test_a_bad_length_is_noticed_before_the_body_comes() -> None:
    with pytest.raises(ProtocolError, match="70000 bytes"):
        FrameDecoder().feed(struct.pack(">IB", 70_000, 11))


def test_the_largest_frame_is_read_even_in_small_pieces() -> None:
    frame = framed(11, b"\0\0\0\1\0\0" + bytes(MAX_FRAME_BYTES - 7))
    decoder = FrameDecoder()
    decoded = [each for at in range(0, len(frame), 1000) for each in decoder.feed(frame[at : at + 1000])]
    assert decoded == [Reply(1, 0, False, bytes(MAX_FRAME_BYTES - 7))]


@pytest.mark.parametrize(
    "bad", [Payment(bytes(15), 1), Payment(bytes(17), 1), Payment(bytes(16), 0), Payment(bytes(16), 2**32)]
)
def test_a_payment_that_does_not_fit_is_refused_before_it_is_sent(bad: Payment) -> None:
    with pytest.raises(ValueError, match="not a payment"):
        encode_payment(1, bad)


def test_another_version_is_told_though_the_rest_is_unknown() -> None:
    stream = framed(1, b"\x00\x02future") + framed(2, b"\x00\x04future")
    challenge, hello = FrameDecoder().feed(stream)
    assert (challenge.version, hello.version) == (2, 4)
