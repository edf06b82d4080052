"""Answers the questions for a shard: each goes on to its worker, and the reply back. Runs on asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nats.js.api import Header, StatusCode

from rinha.bridge.errors import BridgeError, ProtocolError, WorkerUnavailable
from rinha.bridge.protocol.wire.frames import ReplyStatus
from rinha.jetstream.asking import dump_reply, load_question
from rinha.jetstream.names import ask_subject
from rinha.jetstream.relay.tasks import Tasks
from rinha.jetstream.relay.telling import tell

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from rinha.jetstream.relay.session import WorkerSession

MAX_ASKED = 128
"""Questions that are passed on at a time. Whoever asks another one gets no answer, and says so after its timeout."""


class Responder:
    """Passes questions on to the worker.

    Args:
        client: connected to NATS.
        session: open, with the worker.
        shard: that worker's.
    """

    def __init__(self, client: Client, session: WorkerSession, shard: int) -> None:
        self._client = client
        self._session = session
        self._shard = shard
        self._tasks = Tasks()

    async def start(self) -> None:
        """Take questions from now on, for as long as there is the connection to NATS.

        Raises:
            NatsError: there is none.
        """
        await self._client.subscribe(ask_subject(self._shard), cb=self._asked)

    async def close(self) -> None:
        """Leave the questions that are under way unanswered."""
        await self._tasks.cancel()

    async def _asked(self, message: Msg) -> None:
        if len(self._tasks) < MAX_ASKED:
            _ = self._tasks.begin(self._pass_on(message))

    async def _pass_on(self, message: Msg) -> None:
        try:
            kind, payload = load_question(message.data)
            _, status, reply = await self._session.exchange(kind, payload)
        except WorkerUnavailable:
            # As NATS itself says it where nobody listens.
            await tell(self._client, message.reply, b"", headers={Header.STATUS: StatusCode.SERVICE_UNAVAILABLE})
            return
        except (BridgeError, ProtocolError) as error:
            status, reply = ReplyStatus.FAILED, str(error).encode()
        for piece in dump_reply(ReplyStatus(status), reply):
            await tell(self._client, message.reply, piece)
