"""The API's client asks a scripted worker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.messages.people import GetStatistics, GetSummary, Purge
from actors.values import Totals
from rinha.bridge.client import questions as client_requests
from rinha.bridge.errors import JournalUnreadable, RequestFailed, RequestInterrupted, RequestTimeout, WorkerUnavailable
from rinha.bridge.protocol.wire.frames import Ping, Pong, Reply, ReplyStatus, Request
from rinha.bridge.protocol.wire.own_questions import GetOwnFigures, OwnKind, reply_to
from rinha.bridge.protocol.wire.processes import ApiReport
from rinha.bridge.protocol.wire.questions import encode_reply
from tests.bridge.scripted_worker import ScriptedWorker, opened
from tests.support.samples import STATISTICS


async def test_questions_are_answered_in_any_order(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    summary = asyncio.create_task(client.ask(GetSummary(1, 2), timeout_s=5))
    purge = asyncio.create_task(client.ask(Purge(), timeout_s=5))
    one, two = await peer.expect(Request), await peer.expect(Request)
    peer.send(Reply(two.request_id, 0, False, b"2"), Reply(one.request_id, 0, True, b'{"default"'))
    assert await purge == 2
    assert not summary.done()
    peer.send(Reply(one.request_id, 0, False, b":[1,1990]}"))
    assert await summary == {"default": Totals(1, 1990)}


async def test_without_a_session_a_question_fails_at_once(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted()
    async with asyncio.timeout(1):
        with pytest.raises(WorkerUnavailable):
            await client.ask(GetSummary(), timeout_s=60)


async def test_a_purge_fails_when_the_connection_breaks(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    purge = asyncio.create_task(client.ask(Purge(), timeout_s=60))
    await peer.expect(Request)
    peer.hang_up()
    with pytest.raises(RequestInterrupted):
        await purge
    peer = await scripted_worker.peer()
    await peer.open()
    peer.send(Ping())
    assert await peer.read() == Pong(), "the purge isn't asked again"


async def test_a_read_is_asked_again_after_a_break(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    statistics = asyncio.create_task(client.ask(GetStatistics(), timeout_s=5))
    await peer.expect(Request)
    peer.hang_up()
    peer = await scripted_worker.peer()
    await peer.open()
    request = await peer.expect(Request)
    peer.send(Reply(request.request_id, 0, False, encode_reply(request.kind, STATISTICS)))
    assert await statistics == STATISTICS


async def test_a_read_whose_worker_does_not_come_back_is_unavailable(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    statistics = asyncio.create_task(client.ask(GetStatistics(), timeout_s=0.1))
    await peer.expect(Request)
    peer.hang_up()
    with pytest.raises(WorkerUnavailable, match="broke before"):
        await statistics


async def test_a_worker_that_does_not_reply_is_a_timeout_and_its_late_reply_is_dropped(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    with pytest.raises(RequestTimeout) as caught:
        await client.ask(GetSummary(), timeout_s=0.05)
    assert caught.value.timeout_s == 0.05
    request = await peer.expect(Request)
    peer.send(Reply(request.request_id, 0, False, b"{}"), Ping())
    assert await peer.read() == Pong()


async def test_an_answer_that_only_an_unreadable_journal_has_is_told_apart(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    question = asyncio.create_task(client.ask(GetSummary(), timeout_s=5))
    request = await peer.expect(Request)
    peer.send(Reply(request.request_id, ReplyStatus.UNREADABLE, False, b"the disk is gone"))
    with pytest.raises(JournalUnreadable, match="the disk is gone"):
        await question


@pytest.mark.parametrize(("status", "payload", "reason"), [(1, b"no \xff", "no \ufffd"), (0, b"{", "malformed")])
async def test_a_failed_or_garbled_reply_is_an_error(
    scripted_worker: ScriptedWorker, connect_scripted: Any, status: int, payload: bytes, reason: str
) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    question = asyncio.create_task(client.ask(GetSummary(), timeout_s=5))
    request = await peer.expect(Request)
    peer.send(Reply(request.request_id, status, False, payload))
    with pytest.raises(RequestFailed, match=reason):
        await question


async def test_questions_at_one_time_are_limited(
    scripted_worker: ScriptedWorker, connect_scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_requests, "MAX_WAITING", 2)
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    questions = [asyncio.create_task(client.ask(Purge(), timeout_s=5)) for _ in range(2)]
    requests = [await peer.expect(Request), await peer.expect(Request)]
    with pytest.raises(RequestFailed, match="2 requests wait"):
        await client.ask(Purge(), timeout_s=5)
    peer.send(*(Reply(request.request_id, 0, False, b"2") for request in requests))
    assert await asyncio.gather(*questions) == [2, 2]


async def test_the_workers_questions_are_answered_at_once(
    scripted_worker: ScriptedWorker, connect_scripted: Any
) -> None:
    report = ApiReport("api", "00ff", 1, 2, {"full": 3})
    client = await connect_scripted(answer=lambda question: report if question == GetOwnFigures() else None)
    peer = await opened(scripted_worker, client)
    peer.send(Request(1, OwnKind.FIGURES, b"[]"), Request(2, 99, b""), Request(3, OwnKind.EVENTS, b"nonsense"))
    status, payload = reply_to(OwnKind.FIGURES, b"[]", lambda question: report, max_bytes=1000)
    assert await peer.expect(Reply) == Reply(1, status, False, payload)
    assert (await peer.expect(Reply))[:2] == (2, ReplyStatus.FAILED)
    assert (await peer.expect(Reply))[:2] == (3, ReplyStatus.FAILED)
    peer.send(Ping())
    assert await peer.read() == Pong(), "nonsense breaks nothing"


async def test_a_command_answers_no_questions(scripted_worker: ScriptedWorker, connect_scripted: Any) -> None:
    client = await connect_scripted()
    peer = await opened(scripted_worker, client)
    peer.send(Request(1, OwnKind.FIGURES, b"[]"))
    assert await peer.expect(Reply) == Reply(1, ReplyStatus.SILENT, False, b"")
