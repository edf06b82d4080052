"""The worker's server asks all APIs, and tells them what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rinha.bridge.protocol.wire.frames import Reply, Request, Tally
from rinha.bridge.protocol.wire.own_questions import GetOwnFigures, OwnKind
from rinha.bridge.protocol.wire.processes import ApiReport
from rinha.bridge.protocol.worker.questioning import Polled

if TYPE_CHECKING:
    from tests.bridge.raw_peer import Peer

REPORT = b'["payment-api-1", "00ff", 1, 2, {"full": 3}]'


def greeted(worker: Any, connect_raw: Any, api_id: bytes) -> Peer:
    peer: Peer = connect_raw(worker.address)
    peer.greet(api_id=api_id * 16)
    return peer


def test_who_answers_is_heard_and_who_does_not_is_named(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    one, _two = greeted(worker, connect_raw, b"1"), greeted(worker, connect_raw, b"2")
    asking = worker.begin(lambda: worker.server.ask_all(GetOwnFigures(), deadline_s=0.5))
    request = one.expect(Request)
    assert request.kind == OwnKind.FIGURES
    one.send(Reply(request.request_id, 0, False, REPORT))
    expected = ApiReport("payment-api-1", "00ff", 1, 2, {"full": 3})
    assert asking.result(10.0) == Polled((expected,), ("raw: no answer within 0.5 s",))


def test_without_an_api_nobody_is_waited_for(start_worker: Any) -> None:
    worker = start_worker()
    assert worker.call(lambda: worker.server.ask_all(GetOwnFigures(), deadline_s=60.0)) == Polled((), ())


def test_an_api_that_hangs_up_is_not_waited_for(start_worker: Any, connect_raw: Any) -> None:
    worker = start_worker()
    peer = greeted(worker, connect_raw, b"1")
    asking = worker.begin(lambda: worker.server.ask_all(GetOwnFigures(), deadline_s=60.0))
    peer.expect(Request)
    peer.close()
    assert asking.result(10.0).missing == ("raw: its session ended before it answered",)


def test_apis_are_told_what_the_worker_holds_once_it_changes(start_worker: Any, connect_raw: Any) -> None:
    tallies = [Tally(1, 2, 100)]
    worker = start_worker(tally=lambda: tallies[-1])
    peer = greeted(worker, connect_raw, b"1")
    assert peer.expect(Tally) == Tally(1, 2, 100)
    tallies.append(Tally(3, 0, 100))
    assert peer.expect(Tally) == Tally(3, 0, 100)
