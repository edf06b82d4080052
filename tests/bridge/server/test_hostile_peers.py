"""The worker's server against peers that stall, lie, flood or hang up."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from rinha.bridge.protocol import heartbeat
from rinha.bridge.protocol.wire.codec import encode
from rinha.bridge.protocol.wire.frames import Ack, EpochAdopted, Ping, Pong, Request
from rinha.bridge.protocol.wire.handshake import Challenge, Hello, Refusal, RefusalCode, Welcome, prove
from rinha.bridge.protocol.wire.questions import Kind
from rinha.bridge.protocol.worker import delivery
from rinha.bridge.server import connection as server_connection
from rinha.bridge.server import server
from rinha.bridge.server.server import MAX_CONNECTIONS
from rinha.bridge.server.strangers import MAX_REPORTS, MAX_STRANGERS
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


def fail(worker: Any, connect_raw: Any) -> None:
    peer = connect_raw(worker.address)
    challenge = peer.expect(Challenge)
    hello = Hello(1, bytes(16), "stranger", 0, 0, 1, 1)
    peer.send(hello._replace(proof=prove(b"wrong", challenge.nonce, hello)))
    peer.expect(Refusal)
    assert peer.read() is None


def test_however_many_fail_the_api_with_the_secret_comes_in_from_the_same_host(
    start_worker: Any, connect_raw: Any
) -> None:
    worker = start_worker(credit=5)
    open_before = connect_raw(worker.address)
    open_before.greet(api_id=b"1" * 16)
    for _ in range(50):
        fail(worker, connect_raw)
    open_before.send(submitted(1))
    assert open_before.expect(Ack) == Ack(1)
    assert connect_raw(worker.address).greet(api_id=b"2" * 16) == Welcome(1, 1)


def test_strangers_that_say_nothing_make_room_the_oldest_first(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    strangers = [connect_raw(worker.address) for _ in range(MAX_STRANGERS)]
    second = strangers.pop(1)
    for stranger in strangers:
        stranger.expect(Challenge)
    assert connect_raw(worker.address).greet(api_id=b"1" * 16) == Welcome(1, 1)
    assert strangers[0].read() is None
    second.greet(api_id=b"2" * 16)


def test_failures_do_not_fill_the_log(
    start_worker: Any, connect_raw: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = start_worker()
    for _ in range(MAX_REPORTS + 10):
        fail(worker, connect_raw)
    assert caplog.messages.count("bridge.peer_refused") <= MAX_REPORTS
    monkeypatch.setattr(worker.server._strangers, "_period_ends_s", 0.0)
    eventually(lambda: "bridge.strangers_not_logged" in caplog.messages, "nobody says how many")


def test_sessions_are_limited_and_a_free_place_is_taken(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()

    def api_id(number: int) -> bytes:
        return number.to_bytes(16)

    peers = [connect_raw(worker.address) for _ in range(MAX_CONNECTIONS)]
    for number, peer in enumerate(peers, 1):
        peer.greet(api_id=api_id(number))
    late = connect_raw(worker.address)
    with pytest.raises(AssertionError, match="closed before Welcome"):
        late.greet(api_id=b"late" * 4)
    assert len(worker.intake.opened) == MAX_CONNECTIONS
    assert connect_raw(worker.address).greet(api_id=api_id(1)), "an API that connects anew takes its own place"
    peers[1].close()

    def is_let_in() -> bool:
        with closing(Peer(worker.address)) as peer:
            try:
                peer.greet(api_id=b"late" * 4)
            except AssertionError:
                return False
            return True

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
    peer.send(encode(Hello(3, bytes(16), "slow", 0, 0, 1, 1))[:20])
    assert peer.read() is None


def test_a_silent_api_is_asked_and_then_cut(
    start_worker: Any, connect_raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "LOOKS_BEFORE_PING", 2)
    monkeypatch.setattr(heartbeat, "LOOKS_BEFORE_CUT", 7)
    monkeypatch.setattr(server, "LOOK_S", 0.1)
    peer = connect_raw(start_worker().address)
    peer.greet()
    peer.expect(Ping)
    peer.send(Pong())
    pings = 0
    while (frame := peer.read()) is not None:
        pings += isinstance(frame, Ping)
    assert pings >= 3, "cut though it had just answered"


def test_an_api_that_does_not_read_is_cut(start_worker: Any, connect_raw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "MAX_QUEUED_BYTES", 1_000_000)
    worker = start_worker(answer=lambda question: STATISTICS._replace(crashes={"x" * 500_000: 1}))
    peer = connect_raw(worker.address)
    peer.greet()
    peer.send(*(Request(n, Kind.STATISTICS, b"") for n in range(1, 100)))
    eventually(lambda: worker.intake.closed, "not cut")
