from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
from typing import TYPE_CHECKING, Any
from uuid import UUID

import gevent
import pytest

from actors.values import HealthReport, Payment, Refused, Settled, Unknown
from rinha.net.http_url import HttpUrl
from rinha.processors.addresses import Addresses
from rinha.processors.errors import NotSent
from rinha.processors.exchange import HttpExchange
from rinha.processors.open import open_client
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from tests.processors.conftest import Connect, Peer


AT_MS = 1_752_582_896_007
SETTLED = Settled(1990, AT_MS)
OK = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 44\r\n\r\n"
    b'{"message":"payment processed successfully"}'
)
PAYMENT = Payment(UUID("4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3").bytes, 1990)


def row(peer: Peer, payment: Payment, cents: int = 1990) -> bytes:
    payment_id = str(UUID(bytes=payment.payment_id))
    at = "2025-07-15T12:34:56.007Z"
    return peer.answer(
        200, json.dumps({"correlationId": payment_id, "amount": cents / 100, "requestedAt": at}).encode()
    )


def test_a_connection_is_kept_alive_and_carries_one_call_after_the_other(peer: Peer, connect: Connect) -> None:
    client = connect()
    peer.play(OK)
    assert [client.post(PAYMENT, AT_MS) for _ in range(5)] == [SETTLED] * 5
    assert peer.connections == 1


def test_a_connection_is_kept_alive_however_many_files_are_open(peer: Peer, connect: Connect) -> None:
    """``select`` knows descriptors below 1024 only."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 2048:
        pytest.skip("so many files may not be open here")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, most))
    peer.play(OK)
    with contextlib.ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        while stack.enter_context(open(os.devnull, "rb")).fileno() < 1024:
            pass
        client = connect()
        assert [client.post(PAYMENT, AT_MS) for _ in range(2)] == [SETTLED] * 2
        client.close()
    assert peer.connections == 1


def test_a_connection_that_the_server_closed_while_idle_is_not_used(peer: Peer, connect: Connect) -> None:
    client = connect()
    peer.play_and_close(OK)
    for _ in range(3):
        assert client.post(PAYMENT, AT_MS) == SETTLED
        gevent.sleep(0.01)  # Lets the peer close; were it later, the outcome would be unknown, and rightly so.
    assert (peer.connections, len(peer.requests)) == (3, 3)


def test_a_connection_that_the_server_is_about_to_close_is_not_used(peer: Peer, connect: Connect) -> None:
    client = connect()
    peer.play(peer.answer(200, b"{}", "Connection: close"))
    assert [client.post(PAYMENT, AT_MS) for _ in range(3)] == [SETTLED] * 3
    assert peer.connections == 3


def test_a_late_second_answer_is_not_taken_for_that_of_the_next_call(peer: Peer, connect: Connect) -> None:
    client = connect(connections=1)
    peer.play(peer.answer(500), 0.01, OK)
    assert isinstance(client.post(PAYMENT, AT_MS), Refused)
    gevent.sleep(0.05)
    peer.play(peer.answer(500))
    assert isinstance(client.post(PAYMENT, AT_MS), Refused)
    assert peer.connections == 2


def test_an_interim_answer_is_passed_over_and_its_connection_stays_taken(peer: Peer, connect: Connect) -> None:
    client = connect(connections=2)
    peer.play(b"HTTP/1.1 100 Continue\r\n\r\n", 0.1, OK)
    first = gevent.spawn(client.post, PAYMENT, AT_MS)
    peer.until_asked()
    peer.play(peer.answer(500))
    assert isinstance(client.post(PAYMENT, AT_MS), Refused)
    assert first.get() == SETTLED
    assert peer.connections == 2


@pytest.mark.parametrize(
    "parts",
    [
        [bytes([byte]) for byte in OK],
        [b"HTTP/1.1 100 Continue\r\n\r\n" + OK],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: trailer\r\n\r\n"],
    ],
)
def test_a_settled_answer_in_other_shapes(parts: list[bytes], peer: Peer, connect: Connect) -> None:
    client = connect()
    peer.play(*parts)
    assert client.post(PAYMENT, AT_MS) == SETTLED


def test_the_connection_may_end_with_the_answer_if_its_length_was_told(peer: Peer, connect: Connect) -> None:
    client = connect()
    peer.play_and_close(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    assert [client.post(PAYMENT, AT_MS) for _ in range(2)] == [SETTLED] * 2
    assert peer.connections == 2


def test_no_connection_is_a_refusal() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = open_client(HttpUrl("127.0.0.1", unused.getsockname()[1]), connections=1)
        for _ in range(3):
            outcome = client.post(PAYMENT, AT_MS)
            assert isinstance(outcome, Refused)
            assert not outcome.permanent
            assert "refused" in outcome.reason
        assert isinstance(client.find(PAYMENT.payment_id), Unknown)
        assert client.health() is None
    client.close()


def test_connecting_too_slowly_is_a_refusal() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        queue = [socket.socket() for _ in range(3)]
        for waiting in queue:  # Linux drops the handshakes that don't fit into the backlog.
            waiting.setblocking(False)
            waiting.connect_ex(address)
        client = open_client(HttpUrl("127.0.0.1", address[1]), deadline_s=0.1, connections=1)
        for _ in range(3):
            assert client.post(PAYMENT, AT_MS) == Refused("no connection within 0.1 s")
        client.close()
        for waiting in queue:
            waiting.close()


def test_whoever_waits_too_long_for_a_connection_has_sent_nothing(peer: Peer) -> None:
    exchange = HttpExchange(HttpUrl("127.0.0.1", peer.port), Addresses("127.0.0.1", peer.port), connections=1)
    peer.play(PATIENCE_S)
    first = gevent.spawn(exchange.request, "POST", "/payments", deadline_s=PATIENCE_S)
    peer.until_asked()
    with pytest.raises(NotSent, match=r"no connection within 0\.05 s"):
        exchange.request("POST", "/payments", deadline_s=0.05)
    assert len(peer.requests) == 1
    first.kill()
    peer.play(OK)
    assert exchange.request("POST", "/payments", deadline_s=PATIENCE_S).status == 200
    exchange.close()


@pytest.mark.parametrize("stopper", [gevent.Timeout(0.05), gevent.GreenletExit()])
def test_what_others_throw_passes_through_and_frees_the_connection(
    stopper: BaseException, peer: Peer, connect: Connect
) -> None:
    client = connect(connections=1)
    peer.play(PATIENCE_S)
    caught: list[BaseException] = []

    def post() -> None:
        try:
            client.post(PAYMENT, AT_MS)
        except BaseException as error:
            caught.append(error)

    call = gevent.Greenlet(post)
    call.start()
    peer.until_asked()
    call.kill(stopper)
    assert caught == [stopper]
    peer.play(OK)
    assert client.post(PAYMENT, AT_MS) == SETTLED


def test_a_422_is_settled_with_the_values_of_the_row(peer: Peer, connect: Connect) -> None:
    client = connect()
    peer.play_in_turn(peer.answer(422, b"{}"), row(peer, PAYMENT, 2990))
    assert client.post(PAYMENT, AT_MS + 5) == Settled(2990, AT_MS)
    assert peer.requests[1].startswith(b"GET /payments/4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3 HTTP/1.1\r\n")


@pytest.mark.parametrize("status", [404, 429, 200])
def test_a_422_without_its_row_is_unknown(status: int, peer: Peer, connect: Connect) -> None:
    client = connect()
    peer.play_in_turn(peer.answer(422, b"{}"), peer.answer(status, b"no row"))
    outcome = client.post(PAYMENT, AT_MS)
    assert isinstance(outcome, Unknown)
    assert outcome.reason.startswith("HTTP 422, then: ")


def test_find_reads_a_row_or_says_that_there_is_none_or_nothing(peer: Peer, connect: Connect) -> None:
    client = connect()
    peer.play_in_turn(row(peer, PAYMENT), peer.answer(404), peer.answer(429))
    outcomes: list[Any] = [client.find(PAYMENT.payment_id) for _ in range(3)]
    assert outcomes[0] == SETTLED
    assert [type(outcome) for outcome in outcomes[1:]] == [Refused, Unknown]
    peer.play(PATIENCE_S)
    assert isinstance(connect(deadline_s=0.2).find(PAYMENT.payment_id), Unknown)


def test_health_is_read_though_every_connection_for_payments_is_busy(peer: Peer, connect: Connect) -> None:
    client = connect(connections=1)
    peer.play(PATIENCE_S)
    busy = gevent.spawn(client.post, PAYMENT, AT_MS)
    peer.until_asked()
    peer.play(peer.answer(200, b'{"failing":true,"minResponseTime":1000}'))
    assert client.health() == HealthReport(True, 1000)
    assert not busy.ready()
    busy.kill()


def test_after_closing_calls_are_refused(peer: Peer, connect: Connect) -> None:
    client = connect()
    peer.play(OK)
    client.post(PAYMENT, AT_MS)
    client.close()
    assert isinstance(client.post(PAYMENT, AT_MS), Refused)
    assert client.health() is None
    assert len(peer.requests) == 1
