"""The handshake: four frames that settle version, secret, identity, incarnation and epoch."""

from __future__ import annotations

import hmac
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from rinha.bridge.protocol.wire.bodies import Body, fixed
from rinha.bridge.protocol.worker.journals import NO_JOURNAL

PROTOCOL_VERSION = 3
NONCE_BYTES = 16
API_ID_BYTES = 16
PROOF_BYTES = 32
MAX_NAME_BYTES = 64
MAX_TEXT_BYTES = 1024
"""Of a reason given to the peer; it goes into a log line there."""

_VERSION = Struct(">H")
_HELLO = Struct(">H16s16sQIQQB")


class RefusalCode(IntEnum):
    """Why the worker closes a connection."""

    VERSION = 1
    SECRET = 2
    TOO_MANY = 3
    """Too many connections that have proved the secret."""
    PROTOCOL = 4
    JOURNAL = 5
    """The worker has another journal than an API knows."""


class Challenge(NamedTuple):
    """Worker -> API, first of all. The nonce is 16 random bytes, fresh for each connection."""

    version: int
    nonce: bytes


class Hello(NamedTuple):
    """API -> worker: who it is, what it knows and what it still has to deliver.

    Args:
        version: of the protocol. Of a version that isn't ours nothing else is read.
        api_id: 16 random bytes, the same for the life of the API process.
        name: for logs.
        incarnation: the worker it knows, 0 for none.
        epoch: the epoch it knows.
        first_unacknowledged: the sequence of the oldest payment in its outbox; ``next_sequence`` if that is empty.
        next_sequence: the sequence that its next new payment will get.
        proof: see ``prove``.
        journal: the id of the journal that it knows; zeros for none.
    """

    version: int
    api_id: bytes
    name: str
    incarnation: int
    epoch: int
    first_unacknowledged: int
    next_sequence: int
    proof: bytes = bytes(PROOF_BYTES)
    journal: bytes = NO_JOURNAL


class Welcome(NamedTuple):
    """Worker -> API: the session is open. The incarnation is another one for each start of the worker, never 0.

    Args:
        incarnation: the worker's.
        epoch: the present one.
        journal: the id of the worker's journal; zeros for none.
        began_with: how many settled payments were in its books when it started.
    """

    incarnation: int
    epoch: int
    journal: bytes = NO_JOURNAL
    began_with: int = 0


class Refusal(NamedTuple):
    """Worker -> API: its last frame on this connection. The code is a ``RefusalCode``."""

    code: int
    text: str


def prove(secret: bytes, nonce: bytes, hello: Hello) -> bytes:
    """The proof that belongs into ``hello``: HMAC-SHA256 over the challenge's nonce and the rest of the hello."""
    return hmac.digest(secret, nonce + _dump_unproved(hello), "sha256")


def proves(secret: bytes, nonce: bytes, hello: Hello) -> bool:
    """Whether the sender of ``hello`` knows the secret. Takes the same time wherever the proof is wrong."""
    return hmac.compare_digest(hello.proof, prove(secret, nonce, hello))


def _load_challenge(body: bytes) -> Challenge:
    (version,) = _VERSION.unpack_from(body)
    if version == PROTOCOL_VERSION and len(body) != _VERSION.size + NONCE_BYTES:
        raise ValueError("wrong length")
    return Challenge(version, body[_VERSION.size :])


def _dump_unproved(hello: Hello) -> bytes:
    name = hello.name.encode()
    numbers = hello.incarnation, hello.epoch, hello.first_unacknowledged, hello.next_sequence
    return _HELLO.pack(hello.version, hello.api_id, hello.journal, *numbers, len(name)) + name


def _load_hello(body: bytes) -> Hello:
    (version,) = _VERSION.unpack_from(body)
    if version != PROTOCOL_VERSION:
        return Hello(version, b"", "", 0, 0, 0, 0)
    _, api_id, journal, incarnation, epoch, first, following, size = _HELLO.unpack_from(body)
    if len(body) != _HELLO.size + size + PROOF_BYTES or not 0 < size <= MAX_NAME_BYTES:
        raise ValueError("wrong length")
    if not 1 <= first <= following:
        raise ValueError(f"an outbox from {first} to {following}")
    name = body[_HELLO.size : -PROOF_BYTES].decode()
    return Hello(version, api_id, name, incarnation, epoch, first, following, body[-PROOF_BYTES:], journal)


def _load_refusal(body: bytes) -> Refusal:
    if not body:
        raise ValueError("no code")
    return Refusal(body[0], body[1 : 1 + MAX_TEXT_BYTES].decode(errors="replace"))


BODIES: dict[int, Body] = {
    1: Body(Challenge, lambda challenge: _VERSION.pack(challenge.version) + challenge.nonce, _load_challenge),
    2: Body(Hello, lambda hello: _dump_unproved(hello) + hello.proof, _load_hello),
    3: fixed(Welcome, ">QI16sQ"),
    4: Body(Refusal, lambda refusal: bytes([refusal.code]) + refusal.text.encode()[:MAX_TEXT_BYTES], _load_refusal),
}
"""By the type's number."""
