"""The worker's end: what it lets an API do, and what it sends."""

from __future__ import annotations

from typing import Any

import pytest

from actors.values import Payment, Verdict
from rinha.bridge.errors import HandshakeRefused, ProtocolError
from rinha.bridge.protocol.events import (
    EpochWasAdopted,
    HelloReceived,
    PaymentsReceived,
    RequestReceived,
    WereSentBefore,
)
from rinha.bridge.protocol.wire.codec import FrameDecoder, encode, encode_payment
from rinha.bridge.protocol.wire.frames import (
    MAX_EXCEPTIONS,
    MAX_PIECE_BYTES,
    MAX_SENT_IDS,
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
    Withdrawal,
)
from rinha.bridge.protocol.wire.handshake import Challenge, Hello, Refusal, RefusalCode, Welcome, prove
from rinha.bridge.protocol.worker.worker_end import WorkerEnd

SECRET = b"secret"
NONCE = bytes(range(16))


def payment(number: int) -> Payment:
    return Payment(number.to_bytes(16), number)


def hello(first: int = 1, following: int = 1, secret: bytes = SECRET, version: int = 3) -> Hello:
    unproved = Hello(version, bytes(16), "api", 0, 0, first, following)
    return unproved._replace(proof=prove(secret, NONCE, unproved))


def give(session: WorkerEnd, *frames: Any) -> list[Any]:
    return list(session.receive(b"".join(each if isinstance(each, bytes) else encode(each) for each in frames)))


def sent(session: WorkerEnd) -> list[Any]:
    """All that is due, the challenge too."""
    stream = b""
    while data := session.data_to_send():
        stream += data
    return FrameDecoder().feed(stream)


def opened(first: int = 1, following: int = 1, *, credit: int = 10) -> WorkerEnd:
    session = WorkerEnd(SECRET, nonce=NONCE)
    assert give(session, hello(first, following)) == [HelloReceived(bytes(16), "api", bytes(16))]
    session.welcome(7, 3)
    session.grant(credit)
    sent(session)
    return session


def test_it_speaks_first() -> None:
    assert sent(WorkerEnd(SECRET, nonce=NONCE)) == [Challenge(3, NONCE)]


def test_it_opens_when_welcomed() -> None:
    session = WorkerEnd(SECRET, nonce=NONCE)
    give(session, hello())
    before = session.is_open
    session.welcome(7, 3)
    assert (before, session.is_open) == (False, True)
    assert sent(session)[1:] == [Welcome(7, 3)]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (hello(secret=b"wrong"), RefusalCode.SECRET),
        (hello(secret=b""), RefusalCode.SECRET),
        (hello()._replace(name="other"), RefusalCode.SECRET),
        (hello(version=2), RefusalCode.VERSION),
    ],
)
def test_who_can_not_prove_it_knows_the_secret_is_refused(wrong: Hello, code: RefusalCode) -> None:
    session = WorkerEnd(SECRET, nonce=NONCE)
    with pytest.raises(HandshakeRefused) as caught:
        give(session, wrong)
    assert caught.value.code == code
    assert session.is_closed
    (refusal,) = sent(session)
    assert (type(refusal), refusal.code) == (Refusal, code)


@pytest.mark.parametrize(
    "early", [encode_payment(1, payment(1)), Request(1, 1, b""), Ping(), b"GET / HTTP/1.1\r\n\r\n"]
)
def test_nothing_goes_before_the_hello(early: Any) -> None:
    session = WorkerEnd(SECRET, nonce=NONCE)
    with pytest.raises(ProtocolError):
        give(session, early)
    assert [frame.code for frame in sent(session)] == [RefusalCode.PROTOCOL]


def test_payments_are_handed_over_in_runs_with_their_epoch() -> None:
    session = opened()
    assert give(session, *(encode_payment(n, payment(n)) for n in (1, 2))) == [
        PaymentsReceived(3, 1, [payment(1), payment(2)], False)
    ]
    session.announce_epoch(4)
    assert give(session, encode_payment(3, payment(3)), EpochAdopted(4), encode_payment(4, payment(4))) == [
        PaymentsReceived(3, 3, [payment(3)], False),
        EpochWasAdopted(4),
        PaymentsReceived(4, 4, [payment(4)], False),
    ]


def test_redelivery_may_begin_later_than_the_hello_said_and_needs_no_credit() -> None:
    session = opened(3, 8, credit=1)
    redelivered = [encode_payment(n, payment(n), True) for n in (5, 6, 7)]
    assert give(session, *redelivered, encode_payment(8, payment(8))) == [
        PaymentsReceived(3, 5, [payment(n) for n in (5, 6, 7)], True),
        PaymentsReceived(3, 8, [payment(8)], False),
    ]


@pytest.mark.parametrize(
    ("frames", "problem"),
    [
        ([encode_payment(2, payment(2), True)], "payment 2 where 3 follows"),
        ([encode_payment(9, payment(9))], "payment 9 where 3 follows"),
        ([encode_payment(8, payment(8), True)], "can't be redelivered"),
        ([encode_payment(7, payment(7))], "not marked as redelivered"),
        ([encode_payment(7, payment(7), True), encode_payment(7, payment(7), True)], "payment 7 where 8 follows"),
        ([encode_payment(5, payment(5), True), encode_payment(7, payment(7), True)], "payment 7 where 6 follows"),
        ([encode_payment(8, payment(8)), encode_payment(9, payment(9))], "beyond the credit"),
        ([EpochAdopted(4)], "epoch 4 adopted, 3 announced"),
        ([EpochAdopted(3)], "epoch 3 adopted"),
        ([hello()], "unexpected Hello"),
        ([Welcome(1, 1)], "unexpected Welcome"),
        ([Ack(0)], "unexpected Ack"),
    ],
)
def test_an_api_that_breaks_the_protocol_is_refused(frames: list[Any], problem: str) -> None:
    session = opened(3, 8, credit=1)
    with pytest.raises(ProtocolError, match=problem):
        give(session, *frames)
    assert session.is_closed
    (refusal,) = sent(session)
    assert refusal.code == RefusalCode.PROTOCOL
    assert problem in refusal.text


def test_acknowledgements_credit_and_pongs_are_merged() -> None:
    session = opened()
    give(session, *(encode_payment(n, payment(n)) for n in range(1, 6)), Ping(), Ping())
    session.acknowledge(2, ((2, Verdict.CONFLICT),))
    session.acknowledge(4, ((3, Verdict.PURGED),))
    session.acknowledge(5)
    session.grant(2)
    session.grant(3)
    assert sent(session) == [Ack(5, ((2, Verdict.CONFLICT), (3, Verdict.PURGED))), Credit(16), Pong()]
    assert session.acknowledged_through == session.received_through == 5


def test_credit_can_be_withdrawn_and_restored() -> None:
    session = opened(credit=3)
    session.withdraw(Withdrawal.STORE_AWAY)
    assert sent(session) == [Credit(0, Withdrawal.STORE_AWAY)]
    assert give(session, encode_payment(1, payment(1))) != [], "what was on its way is taken"
    session.restore()
    assert sent(session) == [Credit(4)]


def test_an_api_that_had_another_worker_is_suspect() -> None:
    for incarnation, suspect in ((0, False), (7, False), (8, True)):
        session = WorkerEnd(SECRET, nonce=NONCE)
        unproved = hello()._replace(incarnation=incarnation)
        give(session, unproved._replace(proof=prove(SECRET, NONCE, unproved)))
        session.welcome(7, 3)
        assert session.is_suspect is suspect


def test_many_exceptions_ride_in_several_acknowledgements() -> None:
    count = MAX_EXCEPTIONS + 2
    session = opened(credit=count)
    give(session, *(encode_payment(n, payment(n)) for n in range(1, count + 1)))
    exceptions = tuple((n, Verdict.CONFLICT) for n in range(1, count + 1))
    session.acknowledge(count, exceptions)
    assert sent(session) == [
        Ack(MAX_EXCEPTIONS, exceptions[:MAX_EXCEPTIONS]),
        Ack(count, exceptions[MAX_EXCEPTIONS:]),
    ]


@pytest.mark.parametrize(
    ("through", "exceptions"),
    [
        (1, ()),
        (4, ()),
        (3, ((2, Verdict.CONFLICT),)),
        (3, ((4, Verdict.CONFLICT),)),
        (3, ((3, Verdict.CONFLICT), (3, Verdict.CONFLICT))),
    ],
)
def test_a_wrong_acknowledgement_is_an_error_and_is_not_sent(
    through: int, exceptions: tuple[tuple[int, Verdict], ...]
) -> None:
    session = opened()
    give(session, *(encode_payment(n, payment(n)) for n in (1, 2, 3)))
    session.acknowledge(2)
    sent(session)
    with pytest.raises(ValueError, match=str(through)):
        session.acknowledge(through, exceptions)
    assert sent(session) == []


def test_an_acknowledgement_slips_in_between_the_pieces_of_a_long_reply() -> None:
    session = opened()
    assert give(session, encode_payment(1, payment(1)), Request(9, 4, b"q"))[1:] == [RequestReceived(9, 4, b"q")]
    session.reply(9, ReplyStatus.OK, bytes(2 * MAX_PIECE_BYTES + 1))
    assert session.queued_bytes > 2 * MAX_PIECE_BYTES
    first = FrameDecoder().feed(session.data_to_send())
    session.acknowledge(1)
    assert first == [Reply(9, 0, True, bytes(MAX_PIECE_BYTES))]
    assert sent(session) == [Ack(1), Reply(9, 0, True, bytes(MAX_PIECE_BYTES)), Reply(9, 0, False, b"\0")]
    assert session.queued_bytes == 0


@pytest.mark.parametrize("size", [0, 1, MAX_PIECE_BYTES])
def test_a_reply_that_fits_is_one_frame(size: int) -> None:
    session = opened()
    session.reply(1, ReplyStatus.FAILED, bytes(size))
    assert sent(session) == [Reply(1, 1, False, bytes(size))]


def test_an_epoch_is_announced_once() -> None:
    session = opened()
    session.announce_epoch(4)
    session.announce_epoch(4)
    session.announce_epoch(3)
    assert sent(session) == [Epoch(4)]


def test_more_ids_sent_before_than_an_api_remembers_break_the_protocol() -> None:
    session = opened()
    full = SentBefore(bytes(16 * MAX_SENT_IDS_PER_FRAME))
    told = [event for _ in range(MAX_SENT_IDS // MAX_SENT_IDS_PER_FRAME) for event in give(session, full)]
    assert set(told) == {WereSentBefore(full.payment_ids)}
    with pytest.raises(ProtocolError, match="sent before"):
        give(session, SentBefore(bytes(16)))
