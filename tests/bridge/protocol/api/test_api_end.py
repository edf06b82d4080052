"""The API's end of the protocol."""

from __future__ import annotations

import pytest

from actors.values import Payment, Verdict
from rinha.bridge.errors import NoCredit, ProtocolError
from rinha.bridge.protocol.api.api_end import ApiEnd
from rinha.bridge.protocol.api.sent import Sent
from rinha.bridge.protocol.asking import MAX_QUEUED_BYTES
from rinha.bridge.protocol.events import PaymentsDecided, RequestReceived, SessionReady, WorkerRestart
from rinha.bridge.protocol.wire.codec import PaymentRun
from rinha.bridge.protocol.wire.frames import (
    MAX_PIECE_BYTES,
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
from rinha.bridge.protocol.wire.handshake import Hello, Welcome, proves
from tests.bridge.client_ends import CHALLENGE, NONCE, give, opened, payment, reconnect, sent

EMPTY = WorkerRestart(0, 0, bytes(16))
"""A worker whose books are empty, after one that had told of none in its."""


def test_it_says_hello_with_a_proof_of_the_secret() -> None:
    session = ApiEnd(api_id=bytes(range(16)), name="api-1")
    session.connection_made(b"secret")
    assert session.data_to_send() == b""
    give(session, CHALLENGE)
    (hello,) = sent(session)
    assert hello._replace(proof=b"") == Hello(3, bytes(range(16)), "api-1", 0, 0, 1, 1, b"")
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
    session.connection_made(b"secret")
    session.data_to_send()
    give(session, CHALLENGE)
    (hello,) = sent(session)
    assert hello[3:7] == (9, 4, 2, 4)


def test_without_a_session_nothing_is_taken_and_nothing_is_sent_later() -> None:
    session = ApiEnd(api_id=bytes(16), name="api")
    with pytest.raises(NoCredit, match="worker_away"):
        session.submit(payment(1))
    session.connection_made(b"secret")
    with pytest.raises(NoCredit):
        session.submit(payment(1))
    give(session, CHALLENGE)
    with pytest.raises(NoCredit):
        session.submit(payment(1))
    session.data_to_send()
    give(session, Welcome(7, 1))
    with pytest.raises(NoCredit, match="full"):
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


def test_credit_that_was_withdrawn_comes_back_when_it_is_granted_again() -> None:
    session = opened(credit=2)
    for withdrawal, reason in ((Withdrawal.STORE_AWAY, "store_away"), (Withdrawal.PROMISE_LOST, "promise_lost")):
        give(session, Credit(0, withdrawal))
        with pytest.raises(NoCredit, match=reason):
            session.submit(payment(1))
    give(session, Credit(3))
    assert session.hindrance is None
    assert session.credit == 2


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
    assert reconnect(session, incarnation=8, epoch=1) == [purged, SessionReady(8, 1, [payment(2)], restart=EMPTY)]
    assert sent(session) == [PaymentRun(2, True, [payment(2)])]
    session.connection_lost()
    assert reconnect(session, incarnation=8, epoch=1) == [SessionReady(8, 1, [payment(2)])], "it belongs to epoch 1 now"


def test_a_purge_is_answered_behind_the_payments_of_the_old_epoch() -> None:
    session = opened()
    session.submit(payment(1))
    give(session, Epoch(2))
    session.submit(payment(2))
    assert sent(session) == [PaymentRun(1, False, [payment(1)]), EpochAdopted(2), PaymentRun(2, False, [payment(2)])]


def test_a_ping_is_answered() -> None:
    session = opened()
    give(session, Ping(), Pong())
    assert sent(session) == [Pong()]


def test_a_new_worker_is_told_what_was_sent_to_the_one_before_ahead_of_all_else() -> None:
    session = ApiEnd(api_id=bytes(16), name="api", sent=Sent(300.0, lambda: 0.0))
    session.connection_made(b"secret")
    give(session, CHALLENGE, Welcome(7, 1), Credit(4))
    for number in (1, 2, 3):
        session.submit(payment(number))
    give(session, Ack(2))
    session.connection_lost()
    session.connection_made(b"secret")
    session.data_to_send()

    (ready,) = give(session, CHALLENGE, Welcome(8, 0))

    assert ready == SessionReady(8, 0, [payment(3)], told=3, restart=EMPTY)
    _hello, told, redelivered = sent(session)
    assert told == SentBefore(b"".join(payment(number).payment_id for number in (1, 2, 3)))
    assert redelivered == PaymentRun(3, True, [payment(3)])


def test_what_was_sent_before_a_purge_is_told_nobody() -> None:
    session = ApiEnd(api_id=bytes(16), name="api", sent=Sent(300.0, lambda: 0.0))
    session.connection_made(b"secret")
    give(session, CHALLENGE, Welcome(7, 1), Credit(4))
    session.submit(payment(1))
    give(session, Ack(1), Epoch(2))
    session.connection_lost()
    session.connection_made(b"secret")
    session.data_to_send()
    assert give(session, CHALLENGE, Welcome(8, 0)) == [SessionReady(8, 0, [], restart=EMPTY)]
    assert sent(session)[1:] == [SentBefore(b"")]


def test_what_the_worker_before_had_settled_and_this_one_has_not_is_lost() -> None:
    session = opened()
    give(session, Tally(6, 2, 100))
    session.connection_lost()
    assert reconnect(session) == [SessionReady(7, 1, [])], "the same worker"
    session.connection_lost()
    session.connection_made(b"secret")
    journal = b"j" * 16
    (ready,) = give(session, CHALLENGE, Welcome(8, 1, journal, began_with=4))
    assert ready.restart == WorkerRestart(4, 2, journal)
    assert session.tally == Tally(4)


def test_the_workers_questions_are_answered_in_pieces_and_only_while_it_reads() -> None:
    session = opened()
    session.data_to_send()
    assert give(session, Request(5, 2, b"[]")) == [RequestReceived(5, 2, b"[]")]
    session.reply(5, ReplyStatus.OK, bytes(MAX_PIECE_BYTES + 1))
    assert sent(session) == [Reply(5, 0, True, bytes(MAX_PIECE_BYTES)), Reply(5, 0, False, b"\0")]
    for _ in range(MAX_QUEUED_BYTES // 2**20 - 1):
        session.reply(5, ReplyStatus.OK, bytes(2**20))
    with pytest.raises(ProtocolError, match="doesn't read"):
        session.reply(5, ReplyStatus.OK, bytes(2**20))
    session.data_to_send()
    session.reply(5, ReplyStatus.OK, b"")
