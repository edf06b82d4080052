"""How the worker's server ends: it drains, or stops at once."""

from __future__ import annotations

from typing import Any

import pytest

from rinha.bridge.protocol.wire.frames import Ack, Credit, Ping, Pong, Reply, Request
from rinha.bridge.protocol.wire.questions import Kind, encode_reply
from rinha.bridge.server import connection as server_connection
from tests.bridge.raw_peer import can_connect, eventually, payment, submitted
from tests.support.samples import STATISTICS


def test_a_drain_acknowledges_what_was_handed_over_and_takes_nothing_more(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    worker.intake.holding = True
    peer = connect_raw(worker.address)
    peer.greet()
    peer.send(submitted(1, 2))
    eventually(lambda: worker.intake.submitted, "not submitted")
    drained = worker.begin(lambda: worker.server.drain(5.0))
    eventually(lambda: not can_connect(worker.address), "it still listens")
    peer.send(submitted(3), Request(1, Kind.STATISTICS, b""), Ping())
    assert peer.expect(Pong) == Pong()
    assert not drained.done()
    worker.call(worker.intake.release)
    assert peer.expect(Ack) == Ack(2)
    while (frame := peer.read()) is not None:
        assert not isinstance(frame, Ack)
    peer.close()
    drained.result(5.0)
    assert [each.payments for each in worker.intake.submitted] == [[payment(1), payment(2)]]
    assert len(worker.intake.closed) == 1


def test_a_drain_ends_in_time_though_the_intake_is_stuck(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    worker.intake.holding = True
    peer = connect_raw(worker.address)
    peer.greet()
    peer.send(submitted(1))
    eventually(lambda: worker.intake.submitted, "not submitted")
    drained = worker.begin(lambda: worker.server.drain(0.05))
    while (frame := peer.read()) is not None:
        assert not isinstance(frame, Ack)
    peer.close()
    drained.result(5.0)


def test_a_drain_does_not_wait_long_for_an_api_that_does_not_close(
    start_worker: Any, connect_raw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_connection, "LINGER_S", 0.05)
    worker = start_worker()
    peer = connect_raw(worker.address)
    peer.greet()
    worker.begin(lambda: worker.server.drain(60.0)).result(5.0)


def test_stop_closes_everything_and_may_be_repeated(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    peer = connect_raw(worker.address)
    peer.greet()
    worker.call(worker.server.stop)
    peer.expect(Credit)
    assert peer.read() is None
    assert not can_connect(worker.address)
    worker.call(worker.server.stop)
    assert len(worker.intake.closed) == 1


def test_a_drain_finishes_the_replies_under_way(start_worker: Any, connect_raw: Any) -> None:
    """Eight MB don't fit the socket's buffers, so the worker is amid writing when the drain begins."""
    large = STATISTICS._replace(crashes={"x" * 8_000_000: 1})
    answered: list[object] = []

    def answer(question: object) -> object:
        answered.append(question)
        return large

    worker = start_worker(answer=answer)
    peer = connect_raw(worker.address)
    peer.greet()
    peer.send(Request(1, Kind.STATISTICS, b""))
    eventually(lambda: answered, "not asked")
    drained = worker.begin(lambda: worker.server.drain(60.0))
    eventually(lambda: not can_connect(worker.address), "it still listens")
    payload = b""
    while (frame := peer.read()) is not None:
        payload += frame.payload if isinstance(frame, Reply) else b""
    assert payload == encode_reply(Kind.STATISTICS, large)
    peer.close()
    drained.result(5.0)


def test_a_drain_lets_the_api_close_first(start_worker: Any, connect_raw: Any) -> None:
    """Closing on an API that has just sent something would reset the connection, acknowledgements and all."""
    worker = start_worker()
    peer = connect_raw(worker.address)
    peer.greet()
    peer.expect(Credit)
    drained = worker.begin(lambda: worker.server.drain(5.0))
    assert peer.read() is None
    with pytest.raises(TimeoutError):
        drained.result(0.1)
    peer.send(submitted(1))
    peer.close()
    drained.result(5.0)
    assert worker.intake.submitted == []
