"""An API's way to the workers over JetStream: payments into the stream, questions to all shards. Runs on asyncio."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Any

from actors.messages.people import GetRows, Purge
from rinha.bridge.client.questions import ROWS_PER_PAGE
from rinha.bridge.client.refusing import Refusing
from rinha.bridge.errors import NoCredit, NoCreditReason
from rinha.bridge.protocol.wire.frames import Tally
from rinha.bridge.protocol.wire.own_questions import GetFigures
from rinha.bridge.protocol.wire.processes import StreamReport
from rinha.jetstream.batch import PurgeOrder
from rinha.jetstream.connect import connect
from rinha.jetstream.peers import Peers
from rinha.jetstream.publisher import Publisher
from rinha.jetstream.questions import ShardQuestions
from rinha.jetstream.stream import open_patiently

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable

    from nats.aio.client import Client

    from actors.tracing import Recorder
    from actors.values import LedgerRow, Payment, Verdict
    from rinha.bridge.protocol.wire.questions import Question
    from rinha.net.nats_url import NatsUrl

OUTBOX_MAX = 65_536
"""Payments without an answer, whatever the clients send; as ``allowance.MAX_OUTBOX``."""
START_S = 2.0
"""A start waits so long for NATS, to say at once what is wrong with the stream; then it goes on without."""


class JetStreamGateway:
    """A ``rinha.api.gateway.Gateway`` to all shards.

    Args:
        url: of NATS.
        shards: how many.
        replicas: of the stream.
        name: of this API.
        answer_timeout_s: how long a payment waits for the stream's word.
        recorder: told when a payment leaves, and when the stream has it.
        linger_s: how long a payment may wait for others to go in one message with it, in seconds.
        answer: answers what the other APIs ask of this process; None for a command, which is none.
    """

    def __init__(
        self,
        url: NatsUrl,
        *,
        shards: int,
        replicas: int,
        name: str,
        answer_timeout_s: float,
        recorder: Recorder,
        linger_s: float = 0.0,
        answer: Callable[[Any], object] | None = None,
    ) -> None:
        self._url = url
        self._shards = shards
        self._replicas = replicas
        self._name = name
        self._refusing = Refusing(lambda: time.time_ns() // 1_000_000, NoCreditReason.NATS_AWAY)
        self._publisher = Publisher(
            shards, self._refusing, recorder, answer_timeout_s=answer_timeout_s, linger_s=linger_s
        )
        self._client: Client | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closing = False
        self._questions = ShardQuestions(shards)
        self._peers = None if answer is None else Peers(answer)

    @property
    def ready(self) -> bool:
        """See ``Gateway.ready``."""
        return self._is_open and not self._closing

    @property
    def refusing(self) -> Refusing:
        """See ``Gateway.refusing``."""
        self._refusing.see(self._hindrance)
        return self._refusing

    @property
    def tally(self) -> Tally:
        """Nobody has told: the workers are asked (``GET /statistics``)."""
        return Tally()

    @property
    def credit(self) -> int:
        """See ``Gateway.credit``."""
        return OUTBOX_MAX - len(self._publisher) if self._hindrance is None else 0

    @property
    def outbox_size(self) -> int:
        """See ``Gateway.outbox_size``."""
        return len(self._publisher)

    async def start(self) -> None:
        """Connect, and make the stream where there is none; without NATS go on trying in the background.

        Raises:
            StreamDiffers, JetStreamOff: this API can't work with that stream or server.
        """
        self._opening = asyncio.create_task(self._open())
        await asyncio.wait({self._opening}, timeout=START_S)
        if self._opening.done():
            self._opening.result()

    def begin(self, payment: Payment) -> Future[Verdict]:
        """See ``Gateway.begin``: the verdict is that of the stream, which takes everything."""
        hindrance = self._hindrance
        if hindrance is not None:
            self._refusing.see(hindrance)
            raise NoCredit(hindrance)
        return self._publisher.begin(payment)

    def post(self, payment: Payment) -> None:
        """Nobody may be told of a payment before the stream has it: the settings exclude ``queued``."""
        raise TypeError("with JetStream every payment waits for the stream")

    async def ask(self, question: Question, *, timeout_s: float) -> Any:
        """See ``Gateway.ask``: all shards are asked, and their answers added up.

        Raises:
            ShardUnavailable: one of them has no worker now.
        """
        if isinstance(question, Purge):
            order = PurgeOrder(secrets.token_bytes(16), "")
            return await self._questions.purge(order, self._publisher.put, timeout_s=timeout_s)
        if self._peers is None:
            return await self._questions.ask(question, timeout_s=timeout_s)
        if isinstance(question, GetFigures):
            return await self._peers.figures()
        return await self._peers.complete(question, await self._questions.ask(question, timeout_s=timeout_s))

    async def stream_report(self, *, timeout_s: float) -> StreamReport | None:
        """See ``Gateway.stream_report``."""
        if self._publisher.stream is None:
            return StreamReport(())
        return await self._questions.shard_reports(self._publisher.stream.context, timeout_s=timeout_s)

    async def rows(self, *, timeout_s: float = 60.0) -> list[LedgerRow]:
        """The books of all shards, page by page; a purge meanwhile begins anew.

        Args:
            timeout_s: for the whole, in seconds.

        Raises:
            ShardUnavailable, RequestFailed: as ``ask``.
        """
        rows: list[LedgerRow] = []
        epoch: int | None = None
        async with asyncio.timeout(timeout_s):
            while True:
                page = await self.ask(GetRows(len(rows), ROWS_PER_PAGE), timeout_s=timeout_s)
                if epoch not in {None, page.epoch}:
                    rows, epoch = [], None
                    continue
                epoch = page.epoch
                rows += page.rows
                if not page.rows or len(rows) >= page.total:
                    return rows

    async def close(self, flush_timeout_s: float) -> list[Payment]:
        """See ``Gateway.close``."""
        self._closing = True
        await self._publisher.drain(flush_timeout_s)
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        return self._publisher.outbox

    @property
    def _is_open(self) -> bool:
        return self._publisher.stream is not None and self._client is not None and self._client.is_connected

    @property
    def _hindrance(self) -> NoCreditReason | None:
        if self._closing:
            return NoCreditReason.DRAINING
        if self._client is None or not self._client.is_connected:
            return NoCreditReason.NATS_AWAY
        if self._publisher.stream is None:
            return NoCreditReason.NO_STREAM
        if len(self._publisher) >= OUTBOX_MAX:
            return NoCreditReason.FULL
        return None

    async def _open(self) -> None:
        self._client = await connect(self._url, self._name, on_disconnected=self._publisher.connection_lost)
        self._questions.client = self._client
        if self._peers is not None:
            await self._peers.join(self._client)
        stream = await open_patiently(self._client, self._url, shards=self._shards, replicas=self._replicas)
        self._publisher.stream = stream
