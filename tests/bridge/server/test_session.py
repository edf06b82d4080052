"""The worker's server against an API that keeps the protocol."""

from __future__ import annotations

from typing import Any

from actors.messages.sessions import CreditGranted, SessionClosed, SessionOpened, SubmitPayments, VerdictsGiven
from actors.values import Verdict
from rinha.bridge.protocol.wire.codec import encode_payment
from rinha.bridge.protocol.wire.frames import Ack, Credit, Ping, Pong
from rinha.bridge.protocol.wire.handshake import Welcome
from tests.bridge.raw_peer import eventually, payment, submitted


def test_a_session_goes_its_way(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker(incarnation=77, epoch=3, credit=5)
    peer = connect_raw(worker.address)
    assert peer.greet() == Welcome(77, 3)
    assert peer.expect(Credit) == Credit(6)
    worker.intake.verdicts[payment(2).payment_id] = Verdict.CONFLICT
    peer.send(submitted(1, 2, 3))
    assert peer.expect(Ack) == Ack(3, ((2, Verdict.CONFLICT),))
    assert peer.expect(Credit) == Credit(9)
    peer.close()
    eventually(lambda: worker.intake.closed, "no SessionClosed")
    opened, message, closed = worker.intake.messages
    session = opened.session
    assert (opened, closed) == (SessionOpened(session), SessionClosed(session))
    assert message == SubmitPayments(session, 3, 1, [payment(1), payment(2), payment(3)], False)


def test_a_burst_is_one_message(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker(credit=1000)
    peer = connect_raw(worker.address)
    peer.greet()
    peer.expect(Credit)
    peer.send(submitted(*range(1, 1001)))
    eventually(lambda: len(worker.intake.taken) == 1000, "not all taken")
    assert len(worker.intake.submitted) <= 3, "34,000 bytes are one read, or a few"


def test_acknowledgements_of_one_turn_are_one_frame(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker(credit=10)
    worker.intake.holding = True
    peer = connect_raw(worker.address)
    peer.greet()
    peer.expect(Credit)
    for number in range(1, 6):
        peer.send(submitted(number))
        eventually(lambda n=number: len(worker.intake.submitted) == n, "not submitted")  # type: ignore[misc]  # default binds
    worker.call(worker.intake.release)
    assert peer.read() == Ack(5)
    assert peer.read() == Credit(16)


def test_redelivered_payments_are_marked_and_need_no_credit(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker(credit=0)
    peer = connect_raw(worker.address)
    peer.greet(first=4, following=6)
    peer.send(encode_payment(4, payment(4), True), encode_payment(5, payment(5), True))
    assert peer.expect(Ack) == Ack(5)
    (message,) = worker.intake.submitted
    assert (message.first_sequence, message.redelivered) == (4, True)


def test_the_same_api_again_ends_its_older_session(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    old, other, new = (connect_raw(worker.address) for _ in range(3))
    old.greet(api_id=b"a" * 16)
    other.greet(api_id=b"b" * 16)
    new.greet(api_id=b"a" * 16)
    assert old.expect(Credit)
    assert old.read() is None
    other.send(Ping())
    assert other.expect(Pong) == Pong()
    eventually(lambda: len(worker.intake.closed) == 1, "no SessionClosed")
    assert worker.intake.closed == worker.intake.opened[:1]


def test_an_intake_that_acknowledges_nonsense_costs_only_that_session(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    peer = connect_raw(worker.address)
    peer.greet()
    (session,) = worker.intake.opened
    worker.call(lambda: session.tell(VerdictsGiven(5)))
    assert peer.expect(Credit)
    assert peer.read() is None
    worker.call(lambda: session.tell(CreditGranted(1)))
    assert connect_raw(worker.address).greet()
