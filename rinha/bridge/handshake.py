"""The handshake: four frames that settle version, secret, identity, incarnation and epoch."""

from __future__ import annotations

import hmac
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

PROTOCOL_VERSION = 1
NONCE_BYTES = 16
API_ID_BYTES = 16
PROOF_BYTES = 32
MAX_NAME_BYTES = 64
MAX_TEXT_BYTES = 1024

_VERSION = Struct(">H")
_HELLO = Struct(">H16sQIQQB")
_WELCOME = Struct(">QI")
_REFUSAL = Struct(">B")


class RefusalCode(IntEnum):
    """Why the worker closes a connection."""

    VERSION = 1
    SECRET = 2
    TOO_MANY = 3
    """Too many connections, or too many failed handshakes from there."""
    PROTOCOL = 4
    TOO_SLOW = 5


class Challenge(NamedTuple):
    """Worker -> API, first of all. The nonce is 16 random bytes, fresh for each connection."""

    version: int
    nonce: bytes

    def to_body(self) -> bytes:
        return _VERSION.pack(self.version) + self.nonce

    @classmethod
    def from_body(cls, body: bytes) -> Challenge:
        (version,) = _VERSION.unpack_from(body)
        if version == PROTOCOL_VERSION and len(body) != _VERSION.size + NONCE_BYTES:
            raise ValueError("wrong length")
        return cls(version, body[_VERSION.size :])


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
        proof: HMAC-SHA256 over nonce and ``signed_body()``.
    """

    version: int
    api_id: bytes
    name: str
    incarnation: int
    epoch: int
    first_unacknowledged: int
    next_sequence: int
    proof: bytes = bytes(PROOF_BYTES)

    def signed_body(self) -> bytes:
        name = self.name.encode()
        return (
            _HELLO.pack(
                self.version,
                self.api_id,
                self.incarnation,
                self.epoch,
                self.first_unacknowledged,
                self.next_sequence,
                len(name),
            )
            + name
        )

    def to_body(self) -> bytes:
        return self.signed_body() + self.proof

    @classmethod
    def from_body(cls, body: bytes) -> Hello:
        (version,) = _VERSION.unpack_from(body)
        if version != PROTOCOL_VERSION:
            return cls(version, b"", "", 0, 0, 0, 0)
        _, api_id, incarnation, epoch, first, following, size = _HELLO.unpack_from(body)
        if len(body) != _HELLO.size + size + PROOF_BYTES or not 0 < size <= MAX_NAME_BYTES:
            raise ValueError("wrong length")
        if not 1 <= first <= following:
            raise ValueError(f"outbox from {first} to {following}")
        name = body[_HELLO.size : -PROOF_BYTES].decode()
        return cls(version, api_id, name, incarnation, epoch, first, following, body[-PROOF_BYTES:])


class Welcome(NamedTuple):
    """Worker -> API: the session is open. The incarnation is another one for each start of the worker, never 0."""

    incarnation: int
    epoch: int

    def to_body(self) -> bytes:
        return _WELCOME.pack(*self)

    @classmethod
    def from_body(cls, body: bytes) -> Welcome:
        welcome = cls(*_WELCOME.unpack(body))
        if not welcome.incarnation:
            raise ValueError("incarnation 0")
        return welcome


class Refusal(NamedTuple):
    """Worker -> API: its last frame on this connection. The code is a ``RefusalCode``."""

    code: int
    text: str

    def to_body(self) -> bytes:
        return _REFUSAL.pack(self.code) + self.text.encode()[:MAX_TEXT_BYTES]

    @classmethod
    def from_body(cls, body: bytes) -> Refusal:
        (code,) = _REFUSAL.unpack_from(body)
        return cls(code, body[1 : 1 + MAX_TEXT_BYTES].decode(errors="replace"))


def prove(secret: bytes, nonce: bytes, hello: Hello) -> bytes:
    """The proof that belongs into ``hello``: HMAC-SHA256 over the challenge's nonce and the rest of the hello."""
    return hmac.digest(secret, nonce + hello.signed_body(), "sha256")


def proves(secret: bytes, nonce: bytes, hello: Hello) -> bool:
    """Whether the sender of ``hello`` knows the secret. Takes the same time wherever the proof is wrong."""
    return hmac.compare_digest(hello.proof, prove(secret, nonce, hello))
