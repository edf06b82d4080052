"""The worker's server against peers that stall, lie, flood or hang up."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import pytest

from rinha.bridge.protocol import delivery
from rinha.bridge.protocol.codec import encode
from rinha.bridge.protocol.frames import EpochAdopted, Ping, Pong, Request
from rinha.bridge.protocol.handshake import Challenge, Hello, Refusal, RefusalCode, Welcome
from rinha.bridge.protocol.questions import Kind
from rinha.bridge.server import connection as server_connection
from rinha.bridge.server.server import MAX_CONNECTIONS, MAX_FAILED_HANDSHAKES
from tests.bridge.raw_peer import Peer, eventually, submitted
from tests.support.samples import STATISTICS


@pytest.mark.parametrize("secret", [b"wrong", b""])
def test_a_wrong_secret_is_refused(start_worker: Any, connect_raw: Any, secret: bytes) -> None:
    worker = start_worker()
    peer = connect_raw(worker.address)
    with pytest.raises(AssertionError, match="closed before Welcome"):
        peer.greet(secret=secret)
    assert worker.intake.messages == []


def test_the_refusal_says_why_and_then_the_connection_ends(start_worker: Any, connect_raw: Any) -> None:
    peer = connect_raw(start_worker().address)
    peer.expect(Challenge)
    peer.send(b"GET / HTTP/1.1\r\n\r\n")
    refusal = peer.expect(Refusal)
    assert refusal.code == RefusalCode.PROTOCOL
    assert peer.read() is None


def test_a_host_that_fails_too_often_is_turned_away(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    for _ in range(MAX_FAILED_HANDSHAKES):
        peer = connect_raw(worker.address)
        peer.expect(Challenge)
        peer.send(b"nonsense")
        peer.expect(Refusal)
        assert peer.read() is None
    assert connect_raw(worker.address).read() == Refusal(RefusalCode.TOO_MANY, "too many failed handshakes")


def test_connections_are_limited_and_a_free_place_is_taken(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    peers = [connect_raw(worker.address) for _ in range(MAX_CONNECTIONS)]
    for peer in peers:
        peer.expect(Challenge)
    late = connect_raw(worker.address)
    assert late.read() == Refusal(RefusalCode.TOO_MANY, f"more than {MAX_CONNECTIONS} connections")
    assert late.read() is None
    peers[0].close()

    def is_let_in() -> bool:
        with closing(Peer(worker.address)) as peer:
            return isinstance(peer.read(), Challenge)

    eventually(is_let_in, "the free place isn't given")


@pytest.mark.parametrize(
    "lie", [submitted(2), submitted(1, 3), submitted(*range(1, 8)), EpochAdopted(9), Welcome(1, 1), b"\0\0\0\0\0"]
)
def test_a_session_that_breaks_the_protocol_is_ended(start_worker: Any, connect_raw: Any, lie: Any) -> None:
    worker = start_worker(credit=5)
    peer = connect_raw(worker.address)
    peer.greet()
    peer.send(lie)
    assert peer.expect(Refusal).code == RefusalCode.PROTOCOL
    assert peer.read() is None
    eventually(lambda: worker.intake.closed, "no SessionClosed")


def test_an_api_that_never_says_hello_is_cut(
    start_worker: Any, connect_raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_connection, "HANDSHAKE_TIMEOUT_S", 0.1)
    peer = connect_raw(start_worker().address)
    peer.expect(Challenge)
    peer.send(encode(Hello(2, bytes(16), "slow", 0, 0, 1, 1))[:20])
    assert peer.read() is None


def test_a_silent_api_is_asked_and_then_cut(
    start_worker: Any, connect_raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_connection, "SILENCE_BEFORE_PING_S", 0.1)
    monkeypatch.setattr(server_connection, "SILENCE_BEFORE_CUT_S", 1.2)
    peer = connect_raw(start_worker().address)
    peer.greet()
    peer.expect(Ping)
    started = time.monotonic()
    peer.send(Pong())
    while peer.read() is not None:
        pass
    assert time.monotonic() - started >= 1.2, "cut though it had just answered"


def test_an_api_that_does_not_read_is_cut(start_worker: Any, connect_raw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "MAX_QUEUED_BYTES", 1_000_000)
    worker = start_worker(answer=lambda question: STATISTICS._replace(crashes={"x" * 500_000: 1}))
    peer = connect_raw(worker.address)
    peer.greet()
    peer.send(*(Request(n, Kind.STATISTICS, b"") for n in range(1, 100)))
    eventually(lambda: worker.intake.closed, "not cut")
