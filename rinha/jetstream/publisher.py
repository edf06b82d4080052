"""An API's way to the workers over JetStream: a payment is answered once the stream has it on disk.

Runs on asyncio. What certainly isn't in the stream is refused (``NoCredit``); where nobody can tell, it may be.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from nats.errors import Error as NatsError
from nats.errors import OutboundBufferLimitError
from nats.js.errors import APIError, NoStreamResponseError

from actors.messages.people import GetRows, Purge
from actors.values import Verdict
from rinha.bridge.client.questions import ROWS_PER_PAGE
from rinha.bridge.client.refusing import Refusing
from rinha.bridge.errors import NoCredit, NoCreditReason, OutcomeUnknown
from rinha.bridge.protocol.wire.frames import Tally
from rinha.bridge.protocol.wire.metrics import ApiMetrics
from rinha.bridge.protocol.wire.own_questions import (
    IDS_MAX,
    GetEvents,
    GetFigures,
    GetHops,
    GetMetrics,
    GetOwnEvents,
    GetOwnFigures,
    GetOwnHops,
    GetOwnPulse,
)
from rinha.bridge.protocol.wire.processes import AllReports, StreamReport
from rinha.jetstream.batch import PurgeOrder, encode_payments
from rinha.jetstream.connect import connect
from rinha.jetstream.grouping import Grouping
from rinha.jetstream.names import STREAM, shard_of, subject
from rinha.jetstream.peers import Peers
from rinha.jetstream.questions import ShardQuestions
from rinha.jetstream.stream import open_patiently

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable, Sequence

    from nats.aio.client import Client

    from actors.tracing import Recorder
    from actors.values import LedgerRow, Payment
    from rinha.bridge.protocol.wire.questions import Question
    from rinha.jetstream.stream import OpenStream
    from rinha.net.nats_url import NatsUrl

logger = logging.getLogger(__name__)

STREAM_FULL = 10077
"""Error code of JetStream: maximum bytes exceeded."""
OUTBOX_MAX = 65_536
"""Payments without an answer, whatever the clients send; as ``allowance.MAX_OUTBOX``."""
START_S = 2.0
"""A start waits so long for NATS, to say at once what is wrong with the stream; then it goes on without."""


class _Waiting(NamedTuple):
    payment: Payment
    verdict: Future[Verdict]


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
        self._answer_timeout_s = answer_timeout_s
        self._recorder = recorder
        self._linger_s = linger_s
        self._groups: list[Grouping[_Waiting]] = [Grouping() for _ in range(shards)]
        self._publishing: set[asyncio.Task[None]] = set()
        self._outbox: dict[bytes, Payment] = {}
        self._client: Client | None = None
        self._stream: OpenStream | None = None
        self._opening: asyncio.Task[None] | None = None
        self._cut = asyncio.Event()
        """Set, and replaced, when the connection is lost: what is under way then gets no answer any more."""
        self._full_until_s = 0.0
        self._closing = False
        self._questions = ShardQuestions(shards)
        self._peers = None if answer is None else Peers(answer)
        self._refusing = Refusing(lambda: time.time_ns() // 1_000_000, NoCreditReason.NATS_AWAY)

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
        return OUTBOX_MAX - len(self._outbox) if self._hindrance is None else 0

    @property
    def outbox_size(self) -> int:
        """See ``Gateway.outbox_size``."""
        return len(self._outbox)

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
        verdict: Future[Verdict] = asyncio.get_running_loop().create_future()
        self._outbox[payment.payment_id] = payment
        shard = shard_of(payment.payment_id, self._shards)
        self._groups[shard].add(_Waiting(payment, verdict))
        # In the loop's next turn at the earliest, with whatever else this one brings.
        if len(self._groups[shard]) == 1:
            asyncio.get_running_loop().call_later(self._linger_s, self._publish, shard)
        return verdict

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
            return await self._questions.purge(order, self._put, timeout_s=timeout_s)
        if self._peers is not None and isinstance(question, GetFigures):
            return AllReports(tuple(sorted(await self._peers.ask_all(GetOwnFigures()), key=lambda each: each.name)))
        answer = await self._questions.ask(question, timeout_s=timeout_s)
        if self._peers is not None:
            if isinstance(question, GetEvents):
                answer = answer.with_processes(await self._peers.ask_all(GetOwnEvents(question.after)))
            elif isinstance(question, GetMetrics):
                pulses = await self._peers.ask_all(GetOwnPulse(2**63))
                answer = answer._replace(apis={each.report.name: ApiMetrics.of(each) for each in pulses})
            elif isinstance(question, GetHops):
                ids = question.ids or answer.ids[:IDS_MAX]
                answer = answer.with_processes(await self._peers.ask_all(GetOwnHops(ids)))
        return answer

    async def stream_report(self, *, timeout_s: float) -> StreamReport | None:
        """See ``Gateway.stream_report``."""
        if self._stream is None:
            return StreamReport(())
        return await self._questions.shard_reports(self._stream.context, timeout_s=timeout_s)

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
        if self._publishing:
            await asyncio.wait(self._publishing, timeout=flush_timeout_s)
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        return list(self._outbox.values())

    @property
    def _is_open(self) -> bool:
        return self._stream is not None and self._client is not None and self._client.is_connected

    @property
    def _hindrance(self) -> NoCreditReason | None:
        if self._closing:
            return NoCreditReason.DRAINING
        if self._client is None or not self._client.is_connected:
            return NoCreditReason.NATS_AWAY
        if self._stream is None:
            return NoCreditReason.NO_STREAM
        if len(self._outbox) >= OUTBOX_MAX:
            return NoCreditReason.FULL
        return None

    async def _open(self) -> None:
        self._client = await connect(self._url, self._name, on_disconnected=self._on_cut)
        self._questions.client = self._client
        if self._peers is not None:
            await self._peers.join(self._client)
        self._stream = await open_patiently(self._client, self._url, shards=self._shards, replicas=self._replicas)

    def _on_cut(self) -> None:
        self._cut.set()
        self._cut = asyncio.Event()
        for group in self._groups:
            self._refuse(group.drop(), NoCreditReason.NATS_AWAY)

    def _publish(self, shard: int) -> None:
        while waiting := self._groups[shard].begin():
            task = asyncio.create_task(self._publish_one(shard, waiting))
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)

    async def _publish_one(self, shard: int, waiting: Sequence[_Waiting]) -> None:
        recorder = self._recorder
        if recorder.active:
            now_ns = recorder.now_ns()
            for each in waiting:
                recorder.note(each.payment.payment_id, "bridge.out", now_ns)
        began_s = time.monotonic()
        try:
            await self._put(shard, encode_payments([each.payment for each in waiting]))
        except NoCredit as error:
            self._refuse(waiting, error.reason)
        except (TimeoutError, OSError, NatsError, ValueError) as error:
            waited_s = round(time.monotonic() - began_s, 3)
            logger.warning("nats.no_word", extra={"shard": shard, "payments": len(waiting), "reason": repr(error)})
            for each in waiting:
                self._end(each, OutcomeUnknown(each.payment.payment_id, waited_s))
        else:
            if recorder.active:
                now_ns = recorder.now_ns()
                for each in waiting:
                    recorder.note(each.payment.payment_id, "bridge.back", now_ns)
            for each in waiting:
                self._end(each, Verdict.TAKEN)
        finally:
            self._groups[shard].end()
            self._publish(shard)

    async def _put(self, shard: int, message: bytes) -> None:
        """Put a message into the stream.

        Raises:
            NoCredit: it certainly isn't there.
            TimeoutError, OSError, NatsError, ValueError: nobody can tell.
        """
        if self._stream is None:
            raise NoCredit(NoCreditReason.NATS_AWAY)
        context = self._stream.context
        publishing = asyncio.ensure_future(
            context.publish(subject(shard), message, timeout=self._answer_timeout_s, stream=STREAM)
        )
        cut = asyncio.ensure_future(self._cut.wait())
        try:
            await asyncio.wait({publishing, cut}, return_when=asyncio.FIRST_COMPLETED)
            if not publishing.done():
                raise ConnectionResetError("the connection broke before the stream's word came")
            publishing.result()
        except OutboundBufferLimitError:
            raise NoCredit(NoCreditReason.NATS_AWAY) from None
        except NoStreamResponseError:
            raise NoCredit(NoCreditReason.NO_STREAM) from None
        except APIError as error:
            if error.err_code == STREAM_FULL:
                raise NoCredit(NoCreditReason.STREAM_FULL) from None
            raise
        finally:
            cut.cancel()
            publishing.cancel()

    def _refuse(self, waiting: Sequence[_Waiting], reason: NoCreditReason) -> None:
        self._refusing.see(reason)
        for each in waiting:
            self._end(each, NoCredit(reason))

    def _end(self, waiting: _Waiting, how: Verdict | NoCredit | OutcomeUnknown) -> None:
        self._outbox.pop(waiting.payment.payment_id, None)
        if waiting.verdict.done():
            return  # nobody waits any more
        if isinstance(how, Verdict):
            waiting.verdict.set_result(how)
        else:
            waiting.verdict.set_exception(how)
