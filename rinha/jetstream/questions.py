"""Asking the shards' workers over core NATS, through their relays. Runs on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from nats.errors import Error as NatsError
from nats.js.api import Header, StatusCode

from actors.messages.people import GetPayments, GetRows, GetStatistics
from rinha.bridge.errors import (
    BridgeError,
    JournalUnreadable,
    ProtocolError,
    RequestFailed,
    RequestInterrupted,
    ShardUnavailable,
)
from rinha.bridge.protocol.wire.frames import ReplyStatus
from rinha.bridge.protocol.wire.processes import ShardReport, StreamReport
from rinha.bridge.protocol.wire.questions import decode_reply, encode_request
from rinha.jetstream.asking import Reply, dump_question
from rinha.jetstream.batch import encode_purge
from rinha.jetstream.merging import join_pages, merge, merge_rows, rows_of_each, shards_to_ask, split_after
from rinha.jetstream.names import ASIDE, STREAM, ask_subject, consumer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from nats.aio.client import Client
    from nats.aio.subscription import Subscription
    from nats.js import JetStreamContext

    from rinha.bridge.protocol.wire.questions import Question
    from rinha.jetstream.batch import PurgeOrder

INFO_TIMEOUT_S = 2.0


class ShardQuestions:
    """Asks all shards whose affair it is, at the same time, and adds up; never without one of them.

    Args:
        shards: how many there are.

    Attributes:
        client: connected to NATS; None until then.
    """

    def __init__(self, shards: int) -> None:
        self.client: Client | None = None
        self._shards = shards

    async def ask(self, question: Question, *, timeout_s: float) -> Any:
        """Ask.

        Args:
            question: not ``Purge``.
            timeout_s: how long to wait for all replies, in seconds.

        Raises:
            ShardUnavailable: a shard has no worker now, or it gave no answer in time; which one, its text says.
            RequestFailed: a worker failed on it.
        """
        if isinstance(question, GetRows):
            firsts = await self._ask_each([GetRows(0, 0)] * self._shards, timeout_s)
            asked = rows_of_each(question, [page.total for page in firsts])
            return merge_rows(await self._ask_each(asked, timeout_s))
        if isinstance(question, GetPayments):
            shard, after = split_after(question.after)
            pages = [
                question._replace(
                    after=after if number == shard else "", limit=question.limit if number >= shard else 1
                )
                for number in range(self._shards)
            ]
            return join_pages(await self._ask_each(pages, timeout_s), shard, question.limit)
        shards = shards_to_ask(question, self._shards)
        answers = await _all(*(self._ask_one(shard, question, timeout_s) for shard in shards))
        return merge(question, answers)

    async def shard_reports(self, context: JetStreamContext, *, timeout_s: float) -> StreamReport:
        """How each shard is; whoever gives no answer is told as such."""
        shards = range(self._shards)
        reports, (messages, size, aside) = await asyncio.gather(
            asyncio.gather(*(self._report(context, shard, timeout_s) for shard in shards)), _stream(context)
        )
        return StreamReport(tuple(reports), messages, size, aside)

    async def _report(self, context: JetStreamContext, shard: int, timeout_s: float) -> ShardReport:
        waiting, redelivered = await _consumer(context, shard)
        report = ShardReport(shard, serving=False, waiting=waiting, redelivered=redelivered)
        try:
            counts = (await self._ask_one(shard, GetStatistics(), timeout_s)).counts
        except BridgeError as error:
            return report._replace(why=str(error))
        held = counts.waiting + counts.in_flight + counts.unknown + counts.parked
        return report._replace(serving=True, settled=counts.settled, held=held)

    async def purge(self, order: PurgeOrder, put: Callable[[int, bytes], Awaitable[None]], *, timeout_s: float) -> int:
        """Put a purge into each shard's stream, and wait until all have carried it out.

        Args:
            order: without a subject to reply to.
            put: puts a message into a shard's stream.
            timeout_s: how long to wait, in seconds.

        Returns:
            The sum of the shards' epochs.

        Raises:
            RequestInterrupted: a shard didn't say that it is done: it may be, or will be.
        """
        client = self._connected()
        inbox = client.new_inbox()
        done = await client.subscribe(inbox)
        epochs: dict[int, int] = {}
        try:
            async with asyncio.timeout(timeout_s):
                await _all(*(put(shard, encode_purge(order._replace(reply_to=inbox))) for shard in range(self._shards)))
                while len(epochs) < self._shards:
                    shard, _, epoch = (await done.next_msg(timeout=timeout_s)).data.decode().partition(" ")
                    epochs[int(shard)] = int(epoch)
        except (TimeoutError, OSError, NatsError) as error:
            missing = [str(shard) for shard in range(self._shards) if shard not in epochs]
            raise RequestInterrupted(f"shard {', '.join(missing)} didn't say that it has purged: {error}") from error
        finally:
            await _leave(done)
        return sum(epochs.values())

    async def _ask_each(self, questions: list[Any], timeout_s: float) -> list[Any]:
        return await _all(*(self._ask_one(shard, each, timeout_s) for shard, each in enumerate(questions)))

    async def _ask_one(self, shard: int, question: Question, timeout_s: float) -> Any:
        client = self._connected()
        kind, payload = encode_request(question)
        inbox = client.new_inbox()
        replies = await client.subscribe(inbox)
        reply = Reply()
        try:
            async with asyncio.timeout(timeout_s):
                await client.publish(ask_subject(shard), dump_question(kind, payload), reply=inbox)
                whole = None
                while whole is None:
                    message = await replies.next_msg(timeout=timeout_s)
                    if (message.headers or {}).get(Header.STATUS) == StatusCode.SERVICE_UNAVAILABLE:
                        raise ShardUnavailable(f"shard {shard} has no worker now")
                    whole = reply.add(message.data)
        except (TimeoutError, OSError, NatsError) as error:
            raise ShardUnavailable(f"shard {shard} gave no answer within {timeout_s:g} s") from error
        except ProtocolError as error:
            raise RequestFailed(f"shard {shard}: {error}") from error
        finally:
            await _leave(replies)
        if reply.status is ReplyStatus.UNREADABLE:
            raise JournalUnreadable(f"shard {shard}: {whole.decode(errors='replace')}")
        if reply.status is not ReplyStatus.OK:
            raise RequestFailed(f"shard {shard}: {whole.decode(errors='replace')}")
        try:
            return decode_reply(kind, whole)
        except ProtocolError as error:
            raise RequestFailed(f"shard {shard}: {error}") from error

    def _connected(self) -> Client:
        if self.client is None or not self.client.is_connected:
            raise ShardUnavailable("NATS is away, and with it every shard")
        return self.client


async def _consumer(context: JetStreamContext, shard: int) -> tuple[int, int]:
    """How many messages it hasn't acknowledged, and how many of them were delivered more than once."""
    try:
        info = await context.consumer_info(STREAM, consumer(shard), timeout=INFO_TIMEOUT_S)
    except (TimeoutError, OSError, NatsError):
        return -1, -1
    return (info.num_pending or 0) + (info.num_ack_pending or 0), info.num_redelivered or 0


async def _stream(context: JetStreamContext) -> tuple[int, int, int]:
    """Messages and bytes in the stream, and messages that were put aside."""
    try:
        state = (await context.stream_info(STREAM, subjects_filter=ASIDE)).state
    except (TimeoutError, OSError, NatsError):
        return -1, -1, 0
    return state.messages, state.bytes, (state.subjects or {}).get(ASIDE, 0)


async def _leave(subscription: Subscription) -> None:
    with contextlib.suppress(NatsError):  # the connection is closed, and nothing is left to leave
        await subscription.unsubscribe()


async def _all(*asked: Awaitable[Any]) -> list[Any]:
    """All results; the first error, once all have ended."""
    results = await asyncio.gather(*asked, return_exceptions=True)
    for each in results:
        if isinstance(each, BaseException):
            raise each
    return list(results)
