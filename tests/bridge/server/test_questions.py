"""The worker's server answers questions, purges among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gevent

from actors.messages.people import GetStatistics, PurgeFailed
from actors.messages.sessions import SessionDismissed
from rinha.bridge.protocol.wire.frames import Ack, Credit, Epoch, EpochAdopted, Ping, Pong, Reply, Request
from rinha.bridge.protocol.wire.questions import Kind, encode_reply
from rinha.bridge.protocol.worker import pending
from tests.bridge.raw_peer import eventually, submitted
from tests.support.samples import STATISTICS

if TYPE_CHECKING:
    import pytest


def test_a_slow_answer_does_not_hold_up_verdicts(start_worker: Any, connect_raw: Any) -> None:
    gate: list[bool] = []

    def answer(question: object) -> object:
        while not gate:
            gevent.sleep(0.005)
        return STATISTICS

    worker = start_worker(answer=answer)
    peer = connect_raw(worker.address)
    peer.greet()
    peer.send(Request(1, Kind.STATISTICS, b""), submitted(1))
    assert peer.expect(Ack) == Ack(1)
    gate.append(True)
    assert peer.expect(Reply) == Reply(1, 0, False, encode_reply(Kind.STATISTICS, STATISTICS))


def test_an_answer_that_fails_is_a_failed_reply(
    start_worker: Any, connect_raw: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(question: object) -> object:
        if isinstance(question, GetStatistics):
            raise gevent.Timeout(3)
        raise LookupError("no such thing")

    peer = connect_raw(start_worker(answer=answer).address)
    peer.greet()
    peer.send(Request(1, Kind.SUMMARY, b"[null,null]"))
    assert peer.expect(Reply) == Reply(1, 1, False, b"LookupError: no such thing")
    peer.send(Request(2, Kind.STATISTICS, b""))
    assert peer.expect(Reply).status == 1
    peer.send(Request(3, 99, b""))
    assert b"unknown kind 99" in peer.expect(Reply).payload
    assert [record.message for record in caplog.records].count("bridge.request_failed") == 2


def test_requests_of_one_api_are_limited(start_worker: Any, connect_raw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "MAX_REQUESTS", 3)

    def answer(question: object) -> object:
        gevent.sleep(60)
        return {}

    peer = connect_raw(start_worker(answer=answer).address)
    peer.greet()
    peer.send(*(Request(n, Kind.STATISTICS, b"") for n in range(1, 5)))
    assert peer.expect(Reply) == Reply(4, 1, False, b"too many requests at one time")


def test_a_purge_is_replied_to_once_every_session_has_adopted_the_epoch(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker(epoch=1)
    one, two = connect_raw(worker.address), connect_raw(worker.address)
    one.greet(api_id=b"1" * 16)
    two.greet(api_id=b"2" * 16)
    one.send(Request(1, Kind.PURGE, b""))
    assert one.expect(Epoch) == Epoch(2)
    assert two.expect(Epoch) == Epoch(2)
    one.send(EpochAdopted(2), Ping())
    assert isinstance(one.read(), Pong), "it waits for the other one"
    two.send(submitted(1), EpochAdopted(2), submitted(2))
    assert one.expect(Reply) == Reply(1, 0, False, b"2")
    eventually(lambda: len(worker.intake.submitted) == 2, "not submitted")
    assert [message.epoch for message in worker.intake.submitted] == [1, 2]
    late = connect_raw(worker.address)
    assert late.greet(api_id=b"3" * 16).epoch == 2


def test_a_purge_does_not_wait_for_an_api_that_hangs_up(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker(epoch=1)
    one, two = connect_raw(worker.address), connect_raw(worker.address)
    one.greet(api_id=b"1" * 16)
    two.greet(api_id=b"2" * 16)
    one.send(Request(1, Kind.PURGE, b""))
    two.expect(Epoch)
    one.expect(Epoch)
    one.send(EpochAdopted(2))
    two.close()
    assert one.expect(Reply).status == 0


def test_a_purge_that_fails_is_a_failed_reply(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    peer = connect_raw(worker.address)
    peer.greet()
    worker.intake.purging = lambda message: message.reply_to.tell(PurgeFailed("it failed"))
    peer.send(Request(1, Kind.PURGE, b""))
    assert peer.expect(Reply) == Reply(1, 1, False, b"it failed")


def test_a_dismissed_session_is_cut(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    peer = connect_raw(worker.address)
    peer.greet()
    peer.expect(Credit)
    (session,) = worker.intake.opened
    worker.call(lambda: session.tell(SessionDismissed("it did not adopt the new epoch")))
    assert peer.read() is None
