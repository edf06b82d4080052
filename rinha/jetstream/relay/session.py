"""A relay's session with its worker: one, and never another one, which might be of another shard. Runs on asyncio."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from rinha.bridge.client.link import ClientLink
from rinha.bridge.client.opened import log_opened
from rinha.bridge.client.questions import ClientRequests
from rinha.bridge.errors import WorkerUnavailable
from rinha.bridge.protocol.api.api_end import ApiEnd
from rinha.bridge.protocol.events import CreditChanged, PaymentsDecided, ReplyReceived, RequestReceived
from rinha.bridge.protocol.wire.handshake import API_ID_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.values import Payment
    from rinha.bridge.protocol.events import ClientEvent
    from rinha.bridge.protocol.wire.questions import Question
    from rinha.net.address import Address
    from rinha.net.secret import SharedSecret

LONGEST_PAUSE_S = 0.1
"""Between attempts to connect: the worker is on the same machine, and may take over a shard at any moment."""


class WorkerSession:
    """One session.

    Args:
        address: where the worker listens.
        secret: shared with it.
        name: of this relay, for the worker's logs.
        on_credit: called when there may be more credit.
        on_decided: called with verdicts.

    Attributes:
        ended: done once the session, or the attempt to have one, is over.
    """

    def __init__(
        self,
        address: Address,
        secret: SharedSecret,
        *,
        name: str,
        on_credit: Callable[[], None],
        on_decided: Callable[[PaymentsDecided], None],
    ) -> None:
        self._end = ApiEnd(api_id=secrets.token_bytes(API_ID_BYTES), name=name)
        self._on_credit = on_credit
        self._on_decided = on_decided
        self._opened = asyncio.Event()
        self._link = ClientLink(
            address,
            secret,
            self._end,
            on_event=self._on_event,
            on_lost=self._on_lost,
            longest_pause_s=LONGEST_PAUSE_S,
        )
        self._requests = ClientRequests(
            self._end, flush_soon=self._link.flush_soon, reopened=self._never_again, answer=None
        )
        self.ended = asyncio.create_task(self._link.run(once=True))

    @property
    def credit(self) -> int:
        """How many payments could be submitted now."""
        return self._end.credit

    async def until_open(self) -> None:
        """Wait for the worker, however long it stands by."""
        await self._opened.wait()

    def submit(self, payment: Payment) -> int:
        """Give the worker a payment; there must be credit.

        Returns:
            Its sequence, by which ``on_decided`` will tell the verdict.
        """
        sequence = self._end.submit(payment)
        self._link.flush_soon()
        return sequence

    async def ask(self, question: Question, *, timeout_s: float) -> Any:
        """As ``BridgeClient.ask``; never in another session."""
        return await self._requests.ask(question, timeout_s=timeout_s)

    async def exchange(self, kind: int, payload: bytes) -> ReplyReceived:
        """As ``ClientRequests.exchange``."""
        return await self._requests.exchange(kind, payload)

    async def close(self) -> None:
        """End it."""
        self.ended.cancel()
        await asyncio.gather(self.ended, return_exceptions=True)

    async def _never_again(self) -> None:
        raise WorkerUnavailable("the session with the worker has ended")

    def _on_event(self, event: ClientEvent) -> None:
        if isinstance(event, PaymentsDecided):
            self._on_decided(event)
        elif isinstance(event, CreditChanged):
            self._on_credit()
        elif isinstance(event, ReplyReceived):
            self._requests.on_reply(event)
        elif isinstance(event, RequestReceived):
            self._requests.on_request(event)
        else:
            log_opened(event)
            self._opened.set()

    def _on_lost(self) -> None:
        self._requests.on_lost()
