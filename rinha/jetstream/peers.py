"""What the APIs tell of themselves: over the bridge the worker asks them; here they ask one another, over core NATS.

Nobody knows how many there are. Each that hears a question answers from memory within milliseconds, so whoever asks
waits until a while has passed without another answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from nats.errors import Error as NatsError

from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.wire.frames import ReplyStatus
from rinha.bridge.protocol.wire.metrics import ApiMetrics
from rinha.bridge.protocol.wire.own_questions import (
    IDS_MAX,
    GetEvents,
    GetHops,
    GetMetrics,
    GetOwnEvents,
    GetOwnFigures,
    GetOwnHops,
    GetOwnPulse,
    decode_own_reply,
    encode_own_request,
    reply_to,
)
from rinha.bridge.protocol.wire.processes import AllReports
from rinha.jetstream.asking import dump_question, load_question

if TYPE_CHECKING:
    from collections.abc import Callable

    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from rinha.bridge.protocol.wire.own_questions import OwnQuestion
    from rinha.bridge.protocol.wire.questions import Question

SUBJECT = "rinha.apis"
MAX_BYTES = 48 * 1024
"""Of an answer: below the server's ``max_payload``."""
QUIET_S = 0.1
DEADLINE_S = 0.5
_NO_EVENTS = 2**63
"""After this number there are none."""


class Peers:
    """All APIs, this one among them.

    Args:
        answer: answers a question to this one at once.
    """

    def __init__(self, answer: Callable[[Any], object]) -> None:
        self._answer = answer
        self._client: Client | None = None

    async def join(self, client: Client) -> None:
        """Answer from now on, and ask, over this connection."""
        await client.subscribe(SUBJECT, cb=self._asked)
        self._client = client

    async def figures(self) -> AllReports:
        """What each API took and refused."""
        return AllReports(tuple(sorted(await self.ask_all(GetOwnFigures()), key=lambda each: str(each.name))))

    async def complete(self, question: Question, answer: Any) -> Any:
        """Add to what the workers answered what the APIs know."""
        match question:
            case GetEvents(after):
                return answer.with_processes(await self.ask_all(GetOwnEvents(after)))
            case GetHops(ids):
                return answer.with_processes(await self.ask_all(GetOwnHops(ids or answer.ids[:IDS_MAX])))
            case GetMetrics():
                pulses = await self.ask_all(GetOwnPulse(_NO_EVENTS))
                return answer._replace(apis={each.report.name: ApiMetrics.of(each) for each in pulses})
            case _:
                return answer

    async def ask_all(self, question: OwnQuestion) -> list[Any]:
        """The answers of all APIs that gave one in time; this one's own without a connection."""
        client = self._client
        if client is None or not client.is_connected:
            return [self._answer(question)]
        kind, payload = encode_own_request(question)
        inbox = client.new_inbox()
        answers: list[Any] = []
        replies = await client.subscribe(inbox)
        try:
            async with asyncio.timeout(DEADLINE_S):
                await client.publish(SUBJECT, dump_question(kind, payload), reply=inbox)
                while True:
                    data = (await replies.next_msg(timeout=QUIET_S)).data
                    if data and data[0] == ReplyStatus.OK:
                        answers.append(decode_own_reply(kind, data[1:]))
        except (TimeoutError, OSError, NatsError, ProtocolError):
            pass  # that is how one knows that no more come
        finally:
            with contextlib.suppress(OSError, NatsError):
                await replies.unsubscribe()
        return answers or [self._answer(question)]

    async def _asked(self, message: Msg) -> None:
        try:
            kind, payload = load_question(message.data)
        except ProtocolError:
            return
        status, reply = reply_to(kind, payload, self._answer, max_bytes=MAX_BYTES)
        with contextlib.suppress(OSError, NatsError):
            await message.respond(bytes([status]) + reply)
