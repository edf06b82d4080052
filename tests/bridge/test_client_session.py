"""The API's end: what it does with a worker that it can't trust to keep the protocol."""

from __future__ import annotations

from typing import Any

import pytest

from actors.messages import Payment, Verdict
from rinha.bridge.client_session import MAX_OUTBOX, MAX_REPLY_BYTES, ClientSession
from rinha.bridge.codec import FrameDecoder, PaymentRun, encode
from rinha.bridge.errors import HandshakeRefused, NoCredit, ProtocolError
from rinha.bridge.events import PaymentsDecided, ReplyReceived, SessionReady
from rinha.bridge.frames import MAX_PIECE_BYTES, Ack, Credit, Epoch, EpochAdopted, Ping, Pong, Reply, Request
from rinha.bridge.handshake import Challenge, Hello, Refusal, RefusalCode, Welcome, proves

NONCE = bytes(range(16))
CHALLENGE = Challenge(1, NONCE)


def payment(number: int) -> Payment:
    return Payment(number.to_bytes(16), number)


def give(session: ClientSession, *frames: Any) -> list[Any]:
    return list(session.receive(b"".join(map(encode, frames))))


def sent(session: ClientSession) -> list[Any]:
    return FrameDecoder().feed(session.data_to_send())


def opened(credit: int = 10, *, incarnation: int = 7, epoch: int = 1) -> ClientSession:
    session = ClientSession(b"secret", api_id=bytes(16), name="api")
    reconnect(session, incarnation=incarnation, epoch=epoch)
    give(session, Credit(1 + credit))
    return session


def reconnect(session: ClientSession, *, incarnation: int = 7, epoch: int = 1) -> list[Any]:
    session.connection_made()
    give(session, CHALLENGE)
    session.data_to_send()
    return give(session, Welcome(incarnation, epoch))


def test_it_says_hello_with_a_proof_of_the_secret() -> None:
    session = ClientSession(b"secret", api_id=bytes(range(16)), name="api-1")
    session.connection_made()
    assert session.data_to_send() == b""
    give(session, CHALLENGE)
    (hello,) = sent(session)
    assert hello._replace(proof=b"") == Hello(1, bytes(range(16)), "api-1", 0, 0, 1, 1, b"")
    assert proves(b"secret", NONCE, hello)
    assert not proves(b"Secret", NONCE, hello)
    assert not proves(b"secret", bytes(16), hello)
    assert not proves(b"secret", NONCE, hello._replace(next_sequence=2))


def test_the_next_hello_tells_what_it_knows_and_what_it_has_to_deliver() -> None:
    session = opened(incarnation=9, epoch=4)
    for number in (1, 2, 3):
        session.submit(payment(number))
    give(session, Ack(1))
    session.connection_lost()
    session.connection_made()
    session.data_to_send()
    give(session, CHALLENGE)
    (hello,) = sent(session)
    assert hello[3:7] == (9, 4, 2, 4)


def test_without_a_session_nothing_is_taken_and_nothing_is_sent_later() -> None:
    session = ClientSession(b"", api_id=bytes(16), name="api")
    with pytest.raises(NoCredit, match="no session"):
        session.submit(payment(1))
    session.connection_made()
    with pytest.raises(NoCredit):
        session.submit(payment(1))
    give(session, CHALLENGE)
    with pytest.raises(NoCredit):
        session.submit(payment(1))
    session.data_to_send()
    give(session, Welcome(7, 1))
    with pytest.raises(NoCredit, match="backlog is full"):
        session.submit(payment(1))
    assert session.data_to_send() == b""


def test_credit_is_a_limit_that_never_falls() -> None:
    session = opened(credit=2)
    give(session, Credit(1), Credit(3), Credit(3))
    assert session.credit == 2
    session.submit(payment(1))
    session.submit(payment(2))
    with pytest.raises(NoCredit):
        session.submit(payment(3))
    give(session, Credit(4))
    assert session.submit(payment(3)) == 3


def test_the_outbox_is_bounded_whatever_the_worker_grants() -> None:
    session = opened()
    give(session, Credit(2**64 - 1))
    for number in range(MAX_OUTBOX):
        session.submit(payment(number + 1))
    with pytest.raises(NoCredit):
        session.submit(payment(1))
    give(session, Ack(1))
    session.submit(payment(1))


def test_payments_ride_in_one_write() -> None:
    session = opened()
    for number in (1, 2, 3):
        session.submit(payment(number))
    assert sent(session) == [PaymentRun(1, False, [payment(1), payment(2), payment(3)])]
    assert session.data_to_send() == b""


def test_a_payment_that_does_not_fit_changes_nothing() -> None:
    session = opened()
    with pytest.raises(ValueError, match="not a payment"):
        session.submit(Payment(b"short", 1))
    assert session.outbox == []
    assert session.submit(payment(1)) == 1


def test_verdicts_come_with_their_payments() -> None:
    session = opened()
    for number in range(1, 6):
        session.submit(payment(number))
    (first,) = give(session, Ack(3, ((2, Verdict.CONFLICT), (3, Verdict.PURGED))))
    assert first == PaymentsDecided(
        1, [payment(1), payment(2), payment(3)], [Verdict.TAKEN, Verdict.CONFLICT, Verdict.PURGED]
    )
    assert give(session, Ack(5)) == [PaymentsDecided(4, [payment(4), payment(5)], [Verdict.TAKEN] * 2)]
    assert session.outbox == []


def test_after_a_break_what_has_no_verdict_is_sent_again_and_marked() -> None:
    session = opened()
    for number in (1, 2, 3):
        session.submit(payment(number))
    give(session, Ack(1))
    session.connection_lost()
    assert session.credit == 0
    assert reconnect(session) == [SessionReady(7, 1, [payment(2), payment(3)])]
    assert sent(session) == [PaymentRun(2, True, [payment(2), payment(3)])]
    give(session, Credit(5))
    session.submit(payment(4))
    assert sent(session) == [PaymentRun(4, False, [payment(4)])]


def test_payments_from_before_a_purge_are_not_sent_again() -> None:
    session = opened()
    session.submit(payment(1))
    session.connection_lost()
    purged = PaymentsDecided(1, [payment(1)], [Verdict.PURGED])
    assert reconnect(session, epoch=2) == [purged, SessionReady(7, 2, [])]
    assert session.data_to_send() == b""


def test_another_worker_gets_all_but_what_was_purged_before() -> None:
    session = opened(epoch=5)
    session.submit(payment(1))
    give(session, Epoch(6))
    session.submit(payment(2))
    session.connection_lost()
    purged = PaymentsDecided(1, [payment(1)], [Verdict.PURGED])
    assert reconnect(session, incarnation=8, epoch=1) == [purged, SessionReady(8, 1, [payment(2)])]
    assert sent(session) == [PaymentRun(2, True, [payment(2)])]
    session.connection_lost()
    assert reconnect(session, incarnation=8, epoch=1) == [SessionReady(8, 1, [payment(2)])], "it belongs to epoch 1 now"


def test_a_purge_is_answered_behind_the_payments_of_the_old_epoch() -> None:
    session = opened()
    session.submit(payment(1))
    give(session, Epoch(2))
    session.submit(payment(2))
    assert sent(session) == [PaymentRun(1, False, [payment(1)]), EpochAdopted(2), PaymentRun(2, False, [payment(2)])]


def test_replies_are_put_together_from_pieces() -> None:
    session = opened()
    one, two = session.request(1, b"q"), session.request(3, b"")
    assert sent(session) == [Request(one, 1, b"q"), Request(two, 3, b"")]
    assert give(session, Reply(one, 0, True, b"a"), Reply(two, 1, False, b"no")) == [ReplyReceived(two, 1, b"no")]
    assert give(session, Reply(one, 0, False, b"b")) == [ReplyReceived(one, 0, b"ab")]
    assert give(session, Reply(one, 0, False, b"again")) == []


def test_a_reply_that_nobody_waits_for_is_dropped() -> None:
    session = opened()
    request_id = session.request(1, b"")
    give(session, Reply(request_id, 0, True, b"a"))
    session.forget_request(request_id)
    assert give(session, Reply(request_id, 0, False, b"b")) == []


def test_a_reply_is_bounded() -> None:
    session = opened()
    piece = Reply(session.request(1, b""), 0, True, bytes(MAX_PIECE_BYTES))
    for _ in range(MAX_REPLY_BYTES // MAX_PIECE_BYTES):
        give(session, piece)
    with pytest.raises(ProtocolError, match="reply of more than"):
        give(session, piece)


def test_a_ping_is_answered() -> None:
    session = opened()
    give(session, Ping(), Pong())
    assert sent(session) == [Pong()]


@pytest.mark.parametrize(
    "lie",
    [
        Ack(0),
        Ack(4),
        Ack(2**64 - 1),
        Ack(2, ((1, Verdict.CONFLICT),)),
        Ack(2, ((3, Verdict.CONFLICT),)),
        Ack(3, ((3, Verdict.CONFLICT), (2, Verdict.CONFLICT))),
        Ack(3, ((2, Verdict.CONFLICT), (2, Verdict.CONFLICT))),
        Epoch(1),
        Epoch(0),
        CHALLENGE,
        Welcome(7, 1),
        Hello(1, bytes(16), "a", 0, 0, 1, 1),
        EpochAdopted(1),
        Request(1, 1, b""),
    ],
    ids=repr,
)
def test_a_worker_that_lies_is_left_and_the_outbox_is_kept(lie: Any) -> None:
    session = opened()
    for number in (1, 2, 3):
        session.submit(payment(number))
    give(session, Ack(1))
    with pytest.raises(ProtocolError):
        give(session, lie)
    assert session.outbox == [payment(2), payment(3)]


def test_a_worker_can_not_go_back_in_its_epochs() -> None:
    session = opened(epoch=3)
    with pytest.raises(ProtocolError, match="from epoch 3 to 2"):
        reconnect(session, epoch=2)


def test_what_came_before_a_lie_still_counts() -> None:
    session = opened()
    session.submit(payment(1))
    events = session.receive(encode(Ack(1)) + encode(Epoch(1)))
    assert next(events) == PaymentsDecided(1, [payment(1)], [Verdict.TAKEN])
    with pytest.raises(ProtocolError):
        next(events)


@pytest.mark.parametrize("steps", [[], [CHALLENGE], [CHALLENGE, Welcome(7, 1)]])
def test_a_refusal_is_understood_at_any_time(steps: list[Any]) -> None:
    session = ClientSession(b"", api_id=bytes(16), name="api")
    session.connection_made()
    give(session, *steps)
    with pytest.raises(HandshakeRefused, match="go away") as caught:
        give(session, Refusal(RefusalCode.TOO_MANY, "go away"))
    assert caught.value.code == RefusalCode.TOO_MANY


def test_a_worker_of_another_version_is_refused_with_both_versions() -> None:
    session = ClientSession(b"", api_id=bytes(16), name="api")
    session.connection_made()
    with pytest.raises(HandshakeRefused, match="version 2 of the protocol, this API 1"):
        give(session, Challenge(2, b"?"))


def test_a_welcome_before_the_challenge_is_refused() -> None:
    session = ClientSession(b"", api_id=bytes(16), name="api")
    session.connection_made()
    with pytest.raises(ProtocolError, match="unexpected Welcome"):
        give(session, Welcome(1, 1))
