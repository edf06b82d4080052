"""A client session whose worker the test plays frame by frame."""

from __future__ import annotations

from typing import Any

from actors.values import Payment
from rinha.bridge.protocol.api.api_end import ApiEnd
from rinha.bridge.protocol.wire.codec import FrameDecoder, encode
from rinha.bridge.protocol.wire.frames import Credit
from rinha.bridge.protocol.wire.handshake import PROTOCOL_VERSION, Challenge, Welcome

NONCE = bytes(range(16))
CHALLENGE = Challenge(PROTOCOL_VERSION, NONCE)


def payment(number: int) -> Payment:
    return Payment(number.to_bytes(16), number)


def give(session: ApiEnd, *frames: Any) -> list[Any]:
    return list(session.receive(b"".join(map(encode, frames))))


def sent(session: ApiEnd) -> list[Any]:
    return FrameDecoder().feed(session.data_to_send())


def opened(credit: int = 10, *, incarnation: int = 7, epoch: int = 1) -> ApiEnd:
    session = ApiEnd(api_id=bytes(16), name="api")
    reconnect(session, incarnation=incarnation, epoch=epoch)
    give(session, Credit(1 + credit))
    return session


def reconnect(session: ApiEnd, *, incarnation: int = 7, epoch: int = 1) -> list[Any]:
    session.connection_made(b"secret")
    give(session, CHALLENGE)
    session.data_to_send()
    return give(session, Welcome(incarnation, epoch))
