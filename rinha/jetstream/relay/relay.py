"""A relay at work: between the stream's consumer and one session with the worker. Runs on asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING
from uuid import UUID

from nats.errors import Error as NatsError
from nats.js.api import Header, StatusCode

from actors.facts import FeedMark
from actors.messages.people import Purge
from actors.values import Verdict
from rinha.bridge.errors import BridgeError, ProtocolError, WorkerUnavailable
from rinha.bridge.protocol.wire.frames import ReplyStatus
from rinha.jetstream.asking import dump_reply, load_question
from rinha.jetstream.batch import PAYMENTS_MAX, BatchError
from rinha.jetstream.names import ASIDE, STREAM, ask_subject, consumer
from rinha.jetstream.relay.hand import Hand
from rinha.jetstream.relay.pulls import Pulls
from rinha.jetstream.stream import MAX_ACK_PENDING

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

    from rinha.bridge.protocol.events import PaymentsDecided
    from rinha.jetstream.relay.hand import Held, Place
    from rinha.jetstream.relay.session import WorkerSession
    from rinha.jetstream.stream import OpenStream

logger = logging.getLogger(__name__)

LOOK_S = 0.5
IN_PROGRESS_LOOKS = 4
"""Every 2 s the stream is told of what waits; after 5 s of silence it would deliver that again."""
ACK_TIMEOUT_S = 2
PURGE_TIMEOUT_S = 30.0
MAX_ASKED = 64
_UNSURE = (OSError, TimeoutError, NatsError)

ACK, NAK, IN_PROGRESS = b"+ACK", b"-NAK", b"+WPI"


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
        self._loop = asyncio.get_running_loop()
        self._pulls = Pulls(self._loop.time())
        self._inbox = client.new_inbox()
        self._acknowledging: dict[int, asyncio.Task[None]] = {}
        self._purging: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._changed = asyncio.Event()

    async def run(self, stop: asyncio.Event, *, drain_s: float) -> None:
        """Work until told to stop, or the session has ended, or the consumer has stalled; then give back the rest.

        Args:
            stop: set to end it.
            drain_s: how long to wait then for verdicts on what the worker has been given, in seconds.
        """
        pulling = await self._client.subscribe(f"{self._inbox}.*", cb=self._came)
        await self._client.subscribe(ask_subject(self._place.shard), cb=self._asked)
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
            await self._give_back(pulling)

    def pump(self) -> None:
        """Do whatever can be done now: to be called whenever something has changed."""
        if self._stopping:
            return
        hand, session = self._hand, self._session
        hand.send(session.credit, session.submit)
        if hand.due_purge is not None and self._purging is None:
            self._purging = self._begin(self._purge(hand.due_purge))
        for held in [each for each in hand if each.is_done and each.sequence not in self._acknowledging]:
            self._acknowledging[held.sequence] = self._begin(self._acknowledge(held))
        self._pull()

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
        self._pulls.lost()

    def _pull(self) -> None:
        hand, credit = self._hand, self._session.credit
        # What is asked for may be full; only with nothing in hand may it be more than the credit, and wait for that.
        room = min(MAX_ACK_PENDING - len(hand), credit // PAYMENTS_MAX)
        wanted = 0 if hand.unsent else room or (not len(hand) and credit > 0)
        if wanted and self._client.is_connected and (request := self._pulls.ask(int(wanted), self._loop.time())):
            subject = f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{consumer(self._place.shard)}"
            _ = self._begin(self._publish(subject, request, f"{self._inbox}.{self._pulls.token}"))

    async def _came(self, message: Msg) -> None:
        now_s = self._loop.time()
        if message.subject.startswith(self._inbox):
            code = (message.headers or {}).get("Status", "")
            self._pulls.status(message.subject.rpartition(".")[2], code, now_s)
        elif self._stopping:
            await self._publish(message.reply, NAK)
        else:
            self._pulls.came(now_s)
            self._take(message)
        self.pump()

    def _take(self, message: Msg) -> None:
        sequence = message.metadata.sequence.stream
        try:
            held = self._hand.take(sequence, message.reply, message.data)
        except BatchError as error:
            if sequence not in self._acknowledging:
                self._acknowledging[sequence] = self._begin(self._put_aside(sequence, message, str(error)))
            return
        if message.metadata.num_delivered > 1:
            logger.info("relay.delivered_again", extra={"sequence": sequence, "payments": len(held.payments)})

    async def _acknowledge(self, held: Held) -> None:
        try:
            # With a reply: the server forgets others when it is killed.
            await self._client.request(held.reply_to, ACK, timeout=ACK_TIMEOUT_S)
        except _UNSURE as error:
            logger.info("relay.not_acknowledged", extra={"sequence": held.sequence, "reason": repr(error)})
            await asyncio.sleep(LOOK_S)
        else:
            self._hand.forget(held)
        finally:
            del self._acknowledging[held.sequence]
        self.pump()

    async def _put_aside(self, sequence: int, message: Msg, reason: str) -> None:
        """Leave it in the stream for a person, where no consumer finds it again."""
        extra = {"sequence": sequence, "subject": message.subject, "reason": reason, "aside": ASIDE}
        logger.error("relay.put_aside", extra=extra)
        headers = {"Rinha-Subject": message.subject, "Rinha-Sequence": str(sequence), "Rinha-Reason": reason}
        try:
            await self._stream.context.publish(ASIDE, message.data, headers=headers, timeout=ACK_TIMEOUT_S)
            await self._client.request(message.reply, ACK, timeout=ACK_TIMEOUT_S)
        except _UNSURE as error:  # it comes again
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
            await self._publish(held.purge.reply_to, f"{self._place.shard} {epoch}".encode())
        finally:
            self._purging = None
        self.pump()

    async def _asked(self, message: Msg) -> None:
        if len(self._tasks) < MAX_ASKED + MAX_ACK_PENDING:
            _ = self._begin(self._pass_on(message))

    async def _pass_on(self, message: Msg) -> None:
        try:
            kind, payload = load_question(message.data)
            _, status, reply = await self._session.exchange(kind, payload)
        except WorkerUnavailable:
            # As NATS itself says it where nobody listens.
            await self._publish(message.reply, b"", headers={Header.STATUS: StatusCode.SERVICE_UNAVAILABLE})
            return
        except (BridgeError, ProtocolError) as error:
            status, reply = ReplyStatus.FAILED, str(error).encode()
        for piece in dump_reply(ReplyStatus(status), reply):
            await self._publish(message.reply, piece)

    async def _look(self) -> None:
        """Every half a second: ask again where nobody answers, tell the stream that what waits isn't forgotten."""
        looks = 0
        while True:
            await asyncio.sleep(LOOK_S)
            looks += 1
            self.pump()
            if looks % IN_PROGRESS_LOOKS == 0:
                for held in list(self._hand):
                    await self._publish(held.reply_to, IN_PROGRESS)
            if self._pulls.refused(self._loop.time()):
                logger.error("relay.consumer_gone", extra={"shard": self._place.shard})
                return
            if self._pulls.stalled(self._loop.time()) and await self._has_pending():
                logger.error("relay.consumer_stalled", extra={"shard": self._place.shard})
                return

    async def _has_pending(self) -> bool:
        try:
            info = await self._stream.context.consumer_info(STREAM, consumer(self._place.shard), timeout=ACK_TIMEOUT_S)
        except _UNSURE:
            return False  # it will be asked again
        if info.num_pending:
            return True
        self._pulls.idle(self._loop.time())
        return False

    async def _drain(self, drain_s: float) -> None:
        self._stopping = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_s):
                while any(each.sent and not each.is_done for each in self._hand):
                    self._changed.clear()
                    await self._changed.wait()

    async def _give_back(self, pulling: Subscription) -> None:
        with contextlib.suppress(*_UNSURE):
            await pulling.unsubscribe()  # or what is given back would come back here
        for held in list(self._hand):
            if held.is_done:
                with contextlib.suppress(*_UNSURE):
                    await self._client.request(held.reply_to, ACK, timeout=ACK_TIMEOUT_S)
            else:
                await self._publish(held.reply_to, NAK)
        with contextlib.suppress(*_UNSURE):
            await self._client.flush(ACK_TIMEOUT_S)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _publish(self, subject: str, data: bytes, reply: str = "", headers: dict[str, str] | None = None) -> None:
        with contextlib.suppress(*_UNSURE):  # without a connection nobody is there to be told
            await self._client.publish(subject, data, reply=reply, headers=headers)

    def _begin(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
