"""The API's end: what it does with a worker that refuses, lies or exaggerates."""

from __future__ import annotations

from typing import Any

import pytest

from actors.values import Verdict
from rinha.bridge.errors import HandshakeRefused, NoCredit, ProtocolError
from rinha.bridge.protocol.api.allowance import MAX_OUTBOX
from rinha.bridge.protocol.api.api_end import MAX_REPLY_BYTES, ApiEnd
from rinha.bridge.protocol.events import PaymentsDecided, ReplyReceived
from rinha.bridge.protocol.wire.codec import encode
from rinha.bridge.protocol.wire.frames import MAX_PIECE_BYTES, Ack, Credit, Epoch, EpochAdopted, Reply, Request
from rinha.bridge.protocol.wire.handshake import Challenge, Hello, Refusal, RefusalCode, Welcome
from tests.bridge.client_ends import CHALLENGE, give, opened, payment, reconnect, sent


def test_the_outbox_is_bounded_whatever_the_worker_grants() -> None:
    session = opened()
    give(session, Credit(2**64 - 1))
    for number in range(MAX_OUTBOX):
        session.submit(payment(number + 1))
    with pytest.raises(NoCredit):
        session.submit(payment(1))
    give(session, Ack(1))
    session.submit(payment(1))


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
        Hello(3, bytes(16), "a", 0, 0, 1, 1),
        EpochAdopted(1),
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
    session = ApiEnd(api_id=bytes(16), name="api")
    session.connection_made(b"")
    give(session, *steps)
    with pytest.raises(HandshakeRefused, match="go away") as caught:
        give(session, Refusal(RefusalCode.TOO_MANY, "go away"))
    assert caught.value.code == RefusalCode.TOO_MANY


def test_a_worker_of_another_version_is_refused_with_both_versions() -> None:
    session = ApiEnd(api_id=bytes(16), name="api")
    session.connection_made(b"")
    with pytest.raises(HandshakeRefused, match="version 2 of the protocol, this API 3"):
        give(session, Challenge(2, b"?"))


def test_a_welcome_before_the_challenge_is_refused() -> None:
    session = ApiEnd(api_id=bytes(16), name="api")
    session.connection_made(b"")
    with pytest.raises(ProtocolError, match="unexpected Welcome"):
        give(session, Welcome(1, 1))


@pytest.mark.parametrize("name", ["", "x" * 65, "é" * 33])
def test_a_name_that_fits_no_hello_is_refused_at_once(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 64 bytes"):
        ApiEnd(api_id=bytes(16), name=name)
