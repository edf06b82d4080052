"""Questions to a shard: passed on to its worker by a relay that is a process, and by a responder alone."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, cast

import gevent
import pytest

from actors.messages.people import GetSummary
from actors.values import Totals
from rinha.bridge.errors import RequestFailed, ShardUnavailable
from rinha.bridge.protocol.events import ReplyReceived
from rinha.bridge.protocol.wire.frames import ReplyStatus
from rinha.jetstream.asking import dump_question
from rinha.jetstream.names import ask_subject
from rinha.jetstream.questions import ShardQuestions
from rinha.jetstream.relay.responder import MAX_ASKED, Responder
from tests.jetstream.relay.conftest import until, until_questions_come
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nats.aio.client import Client

    from rinha.jetstream.relay.session import WorkerSession
    from tests.bridge.worker_thread import Worker
    from tests.jetstream.relay.conftest import Questions
    from tests.support.processes import Process


class SlowSession:
    """A session (``WorkerSession``) whose worker answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answers = asyncio.Event()

    async def exchange(self, kind: int, payload: bytes) -> ReplyReceived:
        self.asked.append(payload)
        await self.answers.wait()
        return ReplyReceived(1, ReplyStatus.OK, payload)


@pytest.fixture
def slow() -> SlowSession:
    return SlowSession()


@pytest.fixture
async def responder(client: Client, slow: SlowSession) -> AsyncIterator[Responder]:
    responder = Responder(client, cast("WorkerSession", slow), 0)
    await responder.start()
    yield responder
    await responder.close()


async def test_questions_go_to_the_worker_and_answers_back(
    client: Client, worker: Worker, questions: Questions, relay: Process
) -> None:
    totals = {"default": Totals(1, 100)}

    def answer(question: object) -> object:
        if question == GetSummary(None, None):
            return totals
        raise RuntimeError("no")

    questions.answer = answer
    await asyncio.to_thread(relay.until_logged, "relay.started")
    await until_questions_come(client)
    asking = ShardQuestions(1)
    asking.client = client
    assert await asking.ask(GetSummary(None, None), timeout_s=PATIENCE_S) == totals
    with pytest.raises(RequestFailed):
        await asking.ask(GetSummary(1, 2), timeout_s=PATIENCE_S)
    await client.publish(ask_subject(0), b"", reply="nowhere")
    assert await asking.ask(GetSummary(None, None), timeout_s=PATIENCE_S) == totals


async def test_a_question_that_the_worker_does_not_live_to_answer_is_told_so_at_once(
    client: Client, worker: Worker, questions: Questions, relay: Process
) -> None:
    asked = threading.Event()

    def answer(question: object) -> object:
        asked.set()
        gevent.sleep(60)
        return None

    questions.answer = answer
    await asyncio.to_thread(relay.until_logged, "relay.started")
    await until_questions_come(client)
    asking = ShardQuestions(1)
    asking.client = client
    waiting = asyncio.create_task(asking.ask(GetSummary(None, None), timeout_s=PATIENCE_S))
    await until(asked.is_set)
    worker.call(worker.server.stop)
    with pytest.raises(ShardUnavailable, match="shard 0 has no worker now"):
        await waiting


async def test_no_more_than_so_many_are_passed_on_at_a_time(
    client: Client, slow: SlowSession, responder: Responder
) -> None:
    replies = await client.subscribe("replies")
    for number in range(MAX_ASKED + 5):
        await client.publish(ask_subject(0), dump_question(1, str(number).encode()), reply="replies")
    await client.flush()
    await until(lambda: len(slow.asked) == MAX_ASKED)
    slow.answers.set()
    answered = {(await replies.next_msg(timeout=PATIENCE_S)).data[2:] for _ in range(MAX_ASKED)}
    assert answered == {str(number).encode() for number in range(MAX_ASKED)}
    await client.publish(ask_subject(0), dump_question(1, b"later"), reply="replies")
    assert (await replies.next_msg(timeout=PATIENCE_S)).data[2:] == b"later", "there is room again; the others are gone"


async def test_closed_it_leaves_what_is_under_way_unanswered(
    client: Client, slow: SlowSession, responder: Responder
) -> None:
    replies = await client.subscribe("replies")
    await client.publish(ask_subject(0), dump_question(1, b"early"), reply="replies")
    await until(lambda: slow.asked)
    await responder.close()
    slow.answers.set()
    await client.publish(ask_subject(0), dump_question(1, b"later"), reply="replies")
    assert (await replies.next_msg(timeout=PATIENCE_S)).data[2:] == b"later"
