"""The stream's consumer of one shard: it is asked for messages, and told what becomes of each. Runs on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from rinha.jetstream.names import ASIDE, STREAM, consumer
from rinha.jetstream.relay.pulls import Pulls
from rinha.jetstream.relay.tasks import Tasks
from rinha.jetstream.relay.telling import UNSURE, tell

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

    from rinha.jetstream.stream import OpenStream

logger = logging.getLogger(__name__)

ACK_TIMEOUT_S = 2
ACK, NAK, IN_PROGRESS = b"+ACK", b"-NAK", b"+WPI"


class Consumer:
    """One relay's hold on the consumer.

    Args:
        client: connected to NATS.
        stream: of payments.
        shard: whose consumer it is.
        on_message: called with each message that is delivered.
        on_status: called when the server has said something of what it was asked for.
    """

    def __init__(
        self,
        client: Client,
        stream: OpenStream,
        shard: int,
        *,
        on_message: Callable[[Msg], Awaitable[None]],
        on_status: Callable[[], None],
    ) -> None:
        self._client = client
        self._stream = stream
        self._shard = shard
        self._on_message = on_message
        self._on_status = on_status
        self._loop = asyncio.get_running_loop()
        self._pulls = Pulls(self._loop.time())
        self._inbox = client.new_inbox()
        self._subscription: Subscription | None = None
        self._tasks = Tasks()

    async def start(self) -> None:
        """Listen for what is asked for.

        Raises:
            NatsError: there is no connection.
        """
        self._subscription = await self._client.subscribe(f"{self._inbox}.*", cb=self._came)

    async def stop(self) -> None:
        """Listen no more; what is given back from now on doesn't come back here."""
        if self._subscription is not None:
            with contextlib.suppress(*UNSURE):
                await self._subscription.unsubscribe()

    async def close(self) -> None:
        """See that the server gets what it was told."""
        with contextlib.suppress(*UNSURE):
            await self._client.flush(ACK_TIMEOUT_S)
        await self._tasks.cancel()

    def pull(self, wanted: int) -> None:
        """Ask for messages, unless some are asked for already.

        Args:
            wanted: so many could be taken.
        """
        if wanted and self._client.is_connected and (request := self._pulls.ask(wanted, self._loop.time())):
            subject = f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{consumer(self._shard)}"
            _ = self._tasks.begin(tell(self._client, subject, request, reply=f"{self._inbox}.{self._pulls.token}"))

    def lost(self) -> None:
        """The connection to NATS is lost, and with it what was asked for."""
        self._pulls.lost()

    async def has_failed(self) -> bool:
        """Whether it is gone, or has messages and delivers none; that is logged."""
        if self._pulls.refused(self._loop.time()):
            logger.error("relay.consumer_gone", extra={"shard": self._shard})
            return True
        if self._pulls.stalled(self._loop.time()) and await self._has_pending():
            logger.error("relay.consumer_stalled", extra={"shard": self._shard})
            return True
        return False

    async def acknowledge(self, reply_to: str) -> None:
        """Have a message forgotten: all of it is seen to.

        Raises:
            One of ``UNSURE``: it may be acknowledged or not; to do it again is safe.
        """
        # With a reply: the server forgets others when it is killed.
        await self._client.request(reply_to, ACK, timeout=ACK_TIMEOUT_S)

    async def put_aside(self, message: Msg, reason: str) -> None:
        """Leave a message in the stream for a person, where no consumer finds it again.

        Raises:
            One of ``UNSURE``: it may be there or not, and comes again; to do it again is safe.
        """
        sequence = message.metadata.sequence.stream
        extra = {"sequence": sequence, "subject": message.subject, "reason": reason, "aside": ASIDE}
        logger.error("relay.put_aside", extra=extra)
        headers = {"Rinha-Subject": message.subject, "Rinha-Sequence": str(sequence), "Rinha-Reason": reason}
        await self._stream.context.publish(ASIDE, message.data, headers=headers, timeout=ACK_TIMEOUT_S)
        await self.acknowledge(message.reply)

    async def keep(self, reply_to: str) -> None:
        """Say that a message is being seen to, so that it isn't delivered again."""
        await tell(self._client, reply_to, IN_PROGRESS)

    async def give_back(self, reply_to: str) -> None:
        """Have a message delivered to whoever comes next."""
        await tell(self._client, reply_to, NAK)

    async def _came(self, message: Msg) -> None:
        if message.subject.startswith(self._inbox):
            code = (message.headers or {}).get("Status", "")
            self._pulls.status(message.subject.rpartition(".")[2], code, self._loop.time())
            self._on_status()
        else:
            self._pulls.came(self._loop.time())
            await self._on_message(message)

    async def _has_pending(self) -> bool:
        try:
            info = await self._stream.context.consumer_info(STREAM, consumer(self._shard), timeout=ACK_TIMEOUT_S)
        except UNSURE:
            return False  # it will be asked again
        if info.num_pending:
            return True
        self._pulls.idle(self._loop.time())
        return False
