"""Everything that a broken processor or network may do to one exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import gevent
import pytest

from actors.values import HealthReport, Payment, Refused, Settled, Unknown
from rinha.processors.http1 import ANSWER_BYTES_MAX
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.processors.conftest import Connect, Peer

AT_MS = 1_752_582_896_007
SETTLED = Settled(1990, AT_MS)
OK = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 44\r\n\r\n"
    b'{"message":"payment processed successfully"}'
)
PAYMENT = Payment(UUID("4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3").bytes, 1990)

FAILURES: dict[str, tuple[Callable[[Peer], None], type[Refused] | type[Unknown]]] = {
    "closes without an answer": (lambda peer: peer.play_and_close(), Unknown),
    "resets without an answer": (lambda peer: peer.play_and_reset(), Unknown),
    "closes in the head": (lambda peer: peer.play_and_close(OK[:20]), Unknown),
    "resets in the head": (lambda peer: peer.play_and_reset(OK[:20], 0.01), Unknown),
    "closes in the body": (lambda peer: peer.play_and_close(OK[:-1]), Unknown),
    "closes after an interim answer": (lambda peer: peer.play_and_close(b"HTTP/1.1 100 Continue\r\n\r\n"), Unknown),
    "closes in a chunk": (
        lambda peer: peer.play_and_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc"),
        Unknown,
    ),
    "closes in a trailer": (
        lambda peer: peer.play_and_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y"),
        Unknown,
    ),
    "ends a body of unknown length with the connection": (
        lambda peer: peer.play_and_close(b"HTTP/1.1 200 OK\r\n\r\n{}"),
        Unknown,
    ),
    "closes after the head of a 500 of unknown length": (
        lambda peer: peer.play_and_close(b"HTTP/1.1 500 Error\r\n\r\n"),
        Unknown,
    ),
    "stalls without an answer": (lambda peer: peer.play(PATIENCE_S), Unknown),
    "stalls after the head": (lambda peer: peer.play(peer.answer(200, b"x")[:-1], PATIENCE_S), Unknown),
    "trickles": (lambda peer: peer.play(*[part for byte in OK for part in (bytes([byte]), 0.03)]), Unknown),
    "says what is not HTTP": (lambda peer: peer.play(b"\x16\x03\x01 no HTTP\r\n\r\n"), Unknown),
    "switches protocols": (
        lambda peer: peer.play(b"HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
        Unknown,
    ),
    "answers twice at once": (lambda peer: peer.play(OK + OK), Unknown),
    "goes on after the answer": (lambda peer: peer.play(OK + b"garbage"), Unknown),
    "goes on with what may be another answer": (lambda peer: peer.play(OK + b"H"), Unknown),
    "goes on though it closes": (lambda peer: peer.play(peer.answer(200, b"", "Connection: close") + b"x"), Unknown),
    "has a 204 with a body": (lambda peer: peer.play(peer.answer(204, b"{}")), Unknown),
    "has a 304 with the length of what it doesn't send": (
        lambda peer: peer.play(b"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n"),
        Unknown,
    ),
    "says both chunks and length": (
        lambda peer: peer.play(peer.answer(500, b"", "Transfer-Encoding: chunked") + b"0\r\n\r\n"),
        Unknown,
    ),
    "encodes chunks once more": (
        lambda peer: peer.play_and_close(b"HTTP/1.1 500 E\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
        Unknown,
    ),
    "contradicts itself about the length": (
        lambda peer: peer.play(peer.answer(500, b"", "Content-Length: 4")),
        Unknown,
    ),
    "has too long a body": (lambda peer: peer.play(peer.answer(200, b"x" * ANSWER_BYTES_MAX)), Unknown),
    "has too long a head": (lambda peer: peer.play(peer.answer(200, b"", "X: " + "x" * ANSWER_BYTES_MAX)), Unknown),
    "has an endless body": (
        lambda peer: peer.play(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 10_000] * 100),
        Unknown,
    ),
    "sends interim answers for ever": (lambda peer: peer.play(*[b"HTTP/1.1 102 Wait\r\n\r\n" * 99] * 99), Unknown),
    "has a 500 with a body": (lambda peer: peer.play(peer.answer(500, b"{}")), Unknown),
    "fails": (lambda peer: peer.play(peer.answer(500)), Refused),
    "fails and closes": (lambda peer: peer.play_and_close(peer.answer(500, b"", "Connection: close")), Refused),
    "throttles": (lambda peer: peer.play(peer.answer(429, b"later")), Refused),
}


TOO_SLOW = ("stalls without an answer", "stalls after the head", "trickles")
SHORT_S = 1.0
"""The deadline of those that nothing else ends."""


@pytest.mark.parametrize("failure", FAILURES)
def test_failures_are_classified_sent_once_and_leak_no_connection(failure: str, peer: Peer, connect: Connect) -> None:
    """More failing calls than connections, at once and in turn, and then a good one."""
    script, expected = FAILURES[failure]
    client = connect(connections=2, deadline_s=SHORT_S if failure in TOO_SLOW else PATIENCE_S)
    script(peer)
    calls = [gevent.spawn(client.post, PAYMENT, AT_MS) for _ in range(2)]
    gevent.joinall(calls)
    outcomes = [call.get() for call in calls]
    outcomes.append(client.post(PAYMENT, AT_MS))
    assert [type(outcome) for outcome in outcomes] == [expected] * 3
    assert all(getattr(outcome, "reason", None) for outcome in outcomes)
    assert len(peer.requests) == 3
    peer.play(OK)
    calls = [gevent.spawn(client.post, PAYMENT, AT_MS) for _ in range(2)]
    gevent.joinall(calls)
    assert [call.get() for call in calls] == [SETTLED] * 2


def test_the_deadline_is_over_the_whole_exchange(peer: Peer, connect: Connect) -> None:
    client = connect(deadline_s=0.2)
    FAILURES["trickles"][0](peer)
    assert client.post(PAYMENT, AT_MS) == Unknown("no answer within 0.2 s")  # Its bytes come one by one, all in time.


@pytest.mark.parametrize("failure", [name for name in FAILURES if name not in TOO_SLOW])
def test_health_without_a_usable_answer_is_none(failure: str, peer: Peer, connect: Connect) -> None:
    client = connect()
    FAILURES[failure][0](peer)
    assert client.health() is None
    peer.play(peer.answer(200, b'{"failing":false,"minResponseTime":0}'))
    assert client.health() == HealthReport(False, 0)
