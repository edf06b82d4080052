"""Putting payments into the stream, in groups: each is answered once the stream has it on disk. Runs on asyncio.

What certainly isn't in the stream is refused (``NoCredit``); where nobody can tell, it may be.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from nats.errors import Error as NatsError
from nats.errors import OutboundBufferLimitError
from nats.js.errors import APIError, NoStreamResponseError

from actors.values import Verdict
from rinha.bridge.errors import NoCredit, NoCreditReason, OutcomeUnknown
from rinha.jetstream.batch import encode_payments
from rinha.jetstream.grouping import Grouping
from rinha.jetstream.names import STREAM, shard_of, subject

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Sequence

    from actors.tracing import Recorder
    from actors.values import Payment
    from rinha.bridge.client.refusing import Refusing
    from rinha.jetstream.stream import OpenStream

logger = logging.getLogger(__name__)

STREAM_FULL = 10077
"""Error code of JetStream: maximum bytes exceeded."""


class _Waiting(NamedTuple):
    payment: Payment
    verdict: Future[Verdict]


class Publisher:
    """Publishes payments to the shards' subjects.

    Args:
        shards: how many.
        refusing: told why a payment couldn't go.
        recorder: told when a payment leaves, and when the stream has it.
        answer_timeout_s: how long a payment waits for the stream's word, in seconds.
        linger_s: how long a payment may wait for others to go in one message with it, in seconds.

    Attributes:
        stream: where they go; None until there is one.
    """

    def __init__(
        self, shards: int, refusing: Refusing, recorder: Recorder, *, answer_timeout_s: float, linger_s: float
    ) -> None:
        self.stream: OpenStream | None = None
        self._shards = shards
        self._refusing = refusing
        self._recorder = recorder
        self._answer_timeout_s = answer_timeout_s
        self._linger_s = linger_s
        self._groups: list[Grouping[_Waiting]] = [Grouping() for _ in range(shards)]
        self._publishing: set[asyncio.Task[None]] = set()
        self._outbox: dict[bytes, _Waiting] = {}
        self._cut = asyncio.Event()
        """Set, and replaced, when the connection is lost: what is under way then gets no answer any more."""

    def __len__(self) -> int:
        """How many payments have no answer yet."""
        return len(self._outbox)

    @property
    def outbox(self) -> list[Payment]:
        """Those payments."""
        return [each.payment for each in self._outbox.values()]

    def begin(self, payment: Payment) -> Future[Verdict]:
        """Publish a payment with the next message.

        Returns:
            The verdict to come: ``TAKEN``, as the stream takes everything. It raises ``NoCredit`` if it certainly
            isn't there, ``OutcomeUnknown`` if nobody can tell.
        """
        verdict: Future[Verdict] = asyncio.get_running_loop().create_future()
        waiting = self._outbox[payment.payment_id] = _Waiting(payment, verdict)
        shard = shard_of(payment.payment_id, self._shards)
        self._groups[shard].add(waiting)
        # In the loop's next turn at the earliest, with whatever else this one brings.
        if len(self._groups[shard]) == 1:
            asyncio.get_running_loop().call_later(self._linger_s, self._publish, shard)
        return verdict

    def connection_lost(self) -> None:
        """What is under way gets no answer any more; what waits has certainly not gone."""
        self._cut.set()
        self._cut = asyncio.Event()
        for group in self._groups:
            self._refuse(group.drop(), NoCreditReason.NATS_AWAY)

    async def drain(self, timeout_s: float) -> None:
        """Wait for the stream's word on all that was begun."""
        if self._outbox:
            await asyncio.wait([each.verdict for each in self._outbox.values()], timeout=timeout_s)

    async def put(self, shard: int, message: bytes) -> None:
        """Put a message into the stream.

        Raises:
            NoCredit: it certainly isn't there.
            TimeoutError, OSError, NatsError, ValueError: nobody can tell.
        """
        if self.stream is None:
            raise NoCredit(NoCreditReason.NATS_AWAY)
        context = self.stream.context
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
            await self.put(shard, encode_payments([each.payment for each in waiting]))
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
