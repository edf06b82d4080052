"""A relay at work: between the stream's consumer and one session with the worker. Runs on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING
from uuid import UUID

from actors.facts import FeedMark
from actors.messages.people import Purge
from actors.values import Verdict
from rinha.bridge.errors import BridgeError
from rinha.jetstream.batch import PAYMENTS_MAX, BatchError
from rinha.jetstream.relay.consumer import Consumer
from rinha.jetstream.relay.hand import Hand
from rinha.jetstream.relay.tasks import Tasks
from rinha.jetstream.relay.telling import UNSURE, tell
from rinha.jetstream.stream import MAX_ACK_PENDING

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from rinha.bridge.protocol.events import PaymentsDecided
    from rinha.jetstream.relay.hand import Held, Place
    from rinha.jetstream.relay.session import WorkerSession
    from rinha.jetstream.stream import OpenStream

logger = logging.getLogger(__name__)

LOOK_S = 0.5
IN_PROGRESS_LOOKS = 4
"""Every 2 s the stream is told of what waits; after 5 s of silence it would deliver that again."""
PURGE_TIMEOUT_S = 30.0


class Relay:
    """Carries payments from the stream to the worker, and acknowledgements back, until the session ends.

    Args:
        client: connected to NATS.
        stream: of payments.
        session: open, with the worker.
        place: of that worker.
    """

    def __init__(self, client: Client, stream: OpenStream, session: WorkerSession, place: Place) -> None:
        self._client = client
        self._stream = stream
        self._session = session
        self._place = place
        self._hand = Hand(place)
        self._consumer = Consumer(client, stream, place.shard, on_message=self._came, on_status=self.pump)
        self._acknowledging: dict[int, asyncio.Task[None]] = {}
        self._purging: asyncio.Task[None] | None = None
        self._tasks = Tasks()
        self._stopping = False
        self._changed = asyncio.Event()

    async def run(self, stop: asyncio.Event, *, drain_s: float) -> None:
        """Work until told to stop, or the session has ended, or the consumer has failed; then give back the rest.

        Args:
            stop: set to end it.
            drain_s: how long to wait then for verdicts on what the worker has been given, in seconds.
        """
        await self._consumer.start()
        looking = asyncio.create_task(self._look())
        stopped = asyncio.create_task(stop.wait())
        self.pump()
        try:
            done, _ = await asyncio.wait({looking, stopped, self._session.ended}, return_when=asyncio.FIRST_COMPLETED)
            if stopped in done:
                await self._drain(drain_s)
            if looking in done:
                looking.result()
        finally:
            self._stopping = True
            looking.cancel()
            stopped.cancel()
            await self._give_back()

    def pump(self) -> None:
        """Do whatever can be done now: to be called whenever something has changed."""
        if self._stopping:
            return
        hand, session = self._hand, self._session
        hand.send(session.credit, session.submit)
        if hand.due_purge is not None and self._purging is None:
            self._purging = self._tasks.begin(self._purge(hand.due_purge))
        for held in [each for each in hand if each.is_done and each.sequence not in self._acknowledging]:
            self._acknowledging[held.sequence] = self._tasks.begin(self._acknowledge(held))
        # What is asked for may be full; only with nothing in hand may it be more than the credit, and wait for that.
        room = min(MAX_ACK_PENDING - len(hand), session.credit // PAYMENTS_MAX)
        self._consumer.pull(0 if hand.unsent else room or int(not len(hand) and session.credit > 0))

    def decided(self, event: PaymentsDecided) -> None:
        """The worker's verdicts."""
        first = event.first_sequence
        self._hand.decided(range(first, first + len(event.payments)))
        for payment, verdict in zip(event.payments, event.verdicts, strict=True):
            if verdict is not Verdict.TAKEN:
                extra = {"correlationId": str(UUID(bytes=payment.payment_id)), "verdict": verdict.name.lower()}
                logger.warning("relay.payment_refused", extra=extra)
        self._changed.set()
        self.pump()

    def disconnected(self) -> None:
        """The connection to NATS is lost."""
        self._consumer.lost()

    async def _came(self, message: Msg) -> None:
        if self._stopping:
            await self._consumer.give_back(message.reply)
            return
        sequence = message.metadata.sequence.stream
        try:
            held = self._hand.take(sequence, message.reply, message.data)
        except BatchError as error:
            if sequence not in self._acknowledging:
                self._acknowledging[sequence] = self._tasks.begin(self._put_aside(sequence, message, str(error)))
        else:
            if message.metadata.num_delivered > 1:
                logger.info("relay.delivered_again", extra={"sequence": sequence, "payments": len(held.payments)})
        self.pump()

    async def _acknowledge(self, held: Held) -> None:
        try:
            await self._consumer.acknowledge(held.reply_to)
        except UNSURE as error:
            logger.info("relay.not_acknowledged", extra={"sequence": held.sequence, "reason": repr(error)})
            await asyncio.sleep(LOOK_S)
        else:
            self._hand.forget(held)
        finally:
            del self._acknowledging[held.sequence]
        self.pump()

    async def _put_aside(self, sequence: int, message: Msg, reason: str) -> None:
        try:
            await self._consumer.put_aside(message, reason)
        except UNSURE as error:  # it comes again
            logger.info("relay.not_acknowledged", extra={"sequence": sequence, "reason": repr(error)})
        finally:
            del self._acknowledging[sequence]

    async def _purge(self, held: Held) -> None:
        assert held.purge is not None
        try:
            mark = FeedMark(self._stream.created, held.sequence)
            epoch = await self._session.ask(Purge(mark), timeout_s=PURGE_TIMEOUT_S)
        except BridgeError as error:
            logger.warning("relay.purge_failed", extra={"sequence": held.sequence, "reason": str(error)})
            await asyncio.sleep(LOOK_S)
        else:
            self._hand.purged(held)
            await tell(self._client, held.purge.reply_to, f"{self._place.shard} {epoch}".encode())
        finally:
            self._purging = None
        self.pump()

    async def _look(self) -> None:
        """Every half a second: ask again where nobody answers, tell the stream that what waits isn't forgotten."""
        looks = 0
        while True:
            await asyncio.sleep(LOOK_S)
            looks += 1
            self.pump()
            if looks % IN_PROGRESS_LOOKS == 0:
                for held in list(self._hand):
                    await self._consumer.keep(held.reply_to)
            if await self._consumer.has_failed():
                return

    async def _drain(self, drain_s: float) -> None:
        self._stopping = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_s):
                while any(each.sent and not each.is_done for each in self._hand):
                    self._changed.clear()
                    await self._changed.wait()

    async def _give_back(self) -> None:
        await self._consumer.stop()
        for held in list(self._hand):
            if held.is_done:
                with contextlib.suppress(*UNSURE):
                    await self._consumer.acknowledge(held.reply_to)
            else:
                await self._consumer.give_back(held.reply_to)
        await self._consumer.close()
        await self._tasks.cancel()
