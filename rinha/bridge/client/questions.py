"""The API's questions to the worker, with the futures that wait for the replies, and the worker's to the API. Runs on
asyncio.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from actors.messages.people import Close, GetRows, Purge, RetryParked, RetryPayment
from rinha.bridge.errors import (
    JournalUnreadable,
    ProtocolError,
    RequestFailed,
    RequestInterrupted,
    RequestTimeout,
    WorkerUnavailable,
)
from rinha.bridge.protocol.wire.frames import ReplyStatus
from rinha.bridge.protocol.wire.own_questions import MAX_ANSWER_BYTES, reply_to
from rinha.bridge.protocol.wire.questions import Question, decode_reply, encode_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.values import LedgerRow
    from rinha.bridge.protocol.api.api_end import ApiEnd
    from rinha.bridge.protocol.events import ReplyReceived, RequestReceived

ROWS_PER_PAGE = 2_000
"""Some 2 ms of the worker's time each, so that a dump doesn't delay acknowledgements."""
MAX_WAITING = 256
"""Each costs the worker a greenlet."""

_CHANGES = (Purge, Close, RetryParked, RetryPayment)
"""They may have been done already: nobody asks twice but who wants to."""


class ClientRequests:
    """Asks over a session.

    Args:
        session: the API's end of the bridge.
        flush_soon: called when the session has something to send.
        reopened: waits until the session may be open again; raises ``WorkerUnavailable`` if it never will.
        answer: answers the worker's questions at once; None for nobody who does.
    """

    def __init__(
        self,
        session: ApiEnd,
        *,
        flush_soon: Callable[[], None],
        reopened: Callable[[], Any],
        answer: Callable[[Any], object] | None,
    ) -> None:
        self._session = session
        self._flush_soon = flush_soon
        self._reopened = reopened
        self._answer = answer
        self._waiting: dict[int, asyncio.Future[ReplyReceived]] = {}

    async def ask(self, question: Question, *, timeout_s: float) -> Any:
        """See ``BridgeClient.ask``."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    try:
                        return await self._ask_once(question)
                    except RequestInterrupted:
                        if isinstance(question, _CHANGES):
                            raise
                    await self._reopened()
        except TimeoutError:
            if self._session.is_open:
                raise RequestTimeout(timeout_s) from None
            raise WorkerUnavailable("the session broke before the reply came") from None

    async def rows(self, *, timeout_s: float) -> list[LedgerRow]:
        """See ``BridgeClient.rows``."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        rows: list[LedgerRow] = []
        books: tuple[int, int] | None = None
        while True:
            left_s = max(0.0, deadline - asyncio.get_running_loop().time())
            page = await self.ask(GetRows(len(rows), ROWS_PER_PAGE), timeout_s=left_s)
            if books is not None and books != (self._session.incarnation, page.epoch):
                rows, books = [], None
                continue
            books = self._session.incarnation, page.epoch
            rows += page.rows
            if not page.rows or len(rows) >= page.total:
                return rows

    async def exchange(self, kind: int, payload: bytes) -> ReplyReceived:
        """Send a request, and wait for its reply, whatever both are.

        Raises:
            WorkerUnavailable: there is no session, or it broke (``RequestInterrupted``).
            RequestFailed: too many wait already.
        """
        if not self._session.is_open:
            raise WorkerUnavailable("no session with the worker")
        if len(self._waiting) >= MAX_WAITING:
            raise RequestFailed(f"{MAX_WAITING} requests wait for replies already")
        request_id = self._session.request(kind, payload)
        self._flush_soon()
        self._waiting[request_id] = future = asyncio.get_running_loop().create_future()
        try:
            reply: ReplyReceived = await future
            return reply
        finally:
            del self._waiting[request_id]
            self._session.forget_request(request_id)

    def on_request(self, request: RequestReceived) -> None:
        """Reply to a question of the worker.

        Raises:
            ProtocolError: it asks and asks, and reads nothing.
        """
        status, payload = reply_to(request.kind, request.payload, self._answer, max_bytes=MAX_ANSWER_BYTES)
        self._session.reply(request.request_id, status, payload)

    def on_reply(self, reply: ReplyReceived) -> None:
        """Wake who waits for this reply."""
        future = self._waiting.get(reply.request_id)
        if future is not None and not future.done():
            future.set_result(reply)

    def on_lost(self) -> None:
        """The session is gone, and with it every reply that hasn't come."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(RequestInterrupted("the session broke before the reply came"))

    async def _ask_once(self, question: Question) -> Any:
        kind, payload = encode_request(question)
        _, status, reply = await self.exchange(kind, payload)
        if status == ReplyStatus.UNREADABLE:
            raise JournalUnreadable(reply.decode(errors="replace"))
        if status != ReplyStatus.OK:
            raise RequestFailed(reply.decode(errors="replace"))
        try:
            return decode_reply(kind, reply)
        except ProtocolError as error:
            raise RequestFailed(str(error)) from error
