"""The API's side of the bridge for handlers: submit payments, ask the worker. Runs on asyncio, in one loop.

A payment that was submitted stays in the outbox until the worker has decided on it, over as many connections as that
takes. Only a payment that could not be submitted at all (``NoCredit``) has certainly not left.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from dataclasses import dataclass
from typing import Any, overload

from actors.messages import (
    GetParked,
    GetRows,
    GetStatistics,
    GetSummary,
    LedgerRow,
    ParkedPayment,
    Payment,
    Purge,
    RetryParked,
    RowsPage,
    Summary,
    Verdict,
)
from actors.tracing import Tracer
from rinha.bridge.address import Address, require_secret
from rinha.bridge.client_link import ClientLink
from rinha.bridge.client_session import ClientEvent, ClientSession, PaymentsDecided, ReplyReceived
from rinha.bridge.errors import (
    NoCredit,
    OutcomeUnknown,
    ProtocolError,
    RequestFailed,
    RequestTimeout,
    WorkerUnavailable,
)
from rinha.bridge.frames import ReplyStatus
from rinha.bridge.requests import Question, decode_reply, encode_request

ROWS_PER_PAGE = 2_000
"""Some 2 ms of the worker's time each, so that a dump doesn't delay acknowledgements."""
MAX_REQUESTS = 256
"""Without a reply at one time; each costs the worker a greenlet."""

_SWEEP_S = 0.1
_READS = (GetSummary, GetStatistics, GetParked)

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class ClientCounters:
    """What became of the payments of this client, awaited and posted ones alike."""

    taken: int = 0
    conflicts: int = 0
    purged: int = 0
    redelivered: int = 0
    sessions: int = 0
    unknown: int = 0
    """Awaited, and no verdict in time; counted again as one of the others when the verdict comes."""


class BridgeClient:
    """A bridge to the worker.

    Args:
        address: where the worker listens.
        secret: shared with the worker; may be empty if the address is local.
        name: of this API, for the worker's logs; at most 64 bytes.
        answer_timeout_s: how long ``submit`` waits for a verdict, in seconds, to within 0.1 s.
        tracer: records ``bridge.sent`` and ``bridge.decided`` of traced payments.

    Raises:
        ValueError: an empty secret for an address that isn't local.
    """

    def __init__(
        self, address: Address, secret: bytes, *, name: str, answer_timeout_s: float, tracer: Tracer
    ) -> None:
        require_secret(address, secret)
        self.counters = ClientCounters()
        self._address = address
        self._answer_timeout_s = answer_timeout_s
        self._tracer = tracer
        self._session = ClientSession(secret, api_id=secrets.token_bytes(16), name=name)
        self._waiters: dict[int, tuple[asyncio.Future[Verdict], float, bytes]] = {}
        self._replies: dict[int, asyncio.Future[tuple[int, bytes]]] = {}
        self._closing = False
        self._changed = asyncio.Event()
        """Set and replaced whenever a session opens or payments are decided."""
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to connect, and keep connected from now on. Doesn't wait for the worker."""
        self._loop = asyncio.get_running_loop()
        self._link = ClientLink(self._address, self._session, on_event=self._on_event, on_lost=self._on_lost)
        self._tasks = [asyncio.create_task(self._link.run()), asyncio.create_task(self._sweep())]

    async def close(self, flush_timeout_s: float) -> list[Payment]:
        """Take no more payments, wait for the verdicts on those in the outbox, then disconnect.

        Args:
            flush_timeout_s: how long to wait at most, in seconds.

        Returns:
            The payments that are still without a verdict.
        """
        self._closing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(flush_timeout_s):
                while len(self._session):
                    await self._next_change()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._session.connection_lost()
        self._on_lost()
        for future, _, payment_id in self._waiters.values():
            if not future.done():
                future.set_exception(OutcomeUnknown(payment_id, self._answer_timeout_s))
        self._waiters.clear()
        return self._session.outbox

    @property
    def ready(self) -> bool:
        """Whether there is an open session with the worker, and the client isn't closing."""
        return self._session.is_open and not self._closing

    @property
    def outbox_size(self) -> int:
        """How many payments have no verdict yet."""
        return len(self._session)

    async def wait_ready(self, timeout_s: float) -> bool:
        """Wait for an open session.

        Returns:
            Whether there is one.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self._session.is_open:
                    await self._next_change()
        return self.ready

    async def submit(self, payment: Payment) -> Verdict:
        """Hand a payment to the worker and wait for the verdict, across reconnects if need be.

        Raises:
            NoCredit: the worker can't take it, or there is no session; it hasn't left and won't.
            OutcomeUnknown: no verdict in time. It stays in the outbox and is delivered all the same.
        """
        sequence = self._send(payment)
        future: asyncio.Future[Verdict] = self._loop.create_future()
        self._waiters[sequence] = (future, self._loop.time() + self._answer_timeout_s, payment.payment_id)
        return await future

    def post(self, payment: Payment) -> None:
        """Put a payment into the outbox; the verdict is only counted.

        Raises:
            NoCredit: the worker can't take it, or there is no session; it hasn't left and won't.
        """
        self._send(payment)

    @overload
    async def ask(self, question: GetSummary, *, timeout_s: float) -> Summary: ...
    @overload
    async def ask(self, question: Purge | RetryParked, *, timeout_s: float) -> int: ...
    @overload
    async def ask(self, question: GetStatistics, *, timeout_s: float) -> dict[str, Any]: ...
    @overload
    async def ask(self, question: GetParked, *, timeout_s: float) -> tuple[ParkedPayment, ...]: ...
    @overload
    async def ask(self, question: GetRows, *, timeout_s: float) -> RowsPage: ...
    async def ask(self, question: Question, *, timeout_s: float) -> Any:
        """Ask the worker. A question that changes nothing is asked again if the connection breaks meanwhile.

        Args:
            question: what to ask.
            timeout_s: how long to wait for the reply, in seconds.

        Raises:
            WorkerUnavailable: there is no session; or it broke before the reply came, and what the question was to
                change may have been changed.
            RequestTimeout: no reply in time.
            RequestFailed: the worker failed on it.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    session = self.counters.sessions
                    try:
                        return await self._ask_once(question)
                    except WorkerUnavailable:
                        if not isinstance(question, _READS) or session == 0:
                            raise
                    while not self._session.is_open:
                        await self._next_change()
        except TimeoutError:
            raise RequestTimeout(timeout_s) from None

    async def rows(self, *, timeout_s: float = 60.0) -> list[LedgerRow]:
        """Fetch the books, page by page; a purge or a restart of the worker meanwhile begins anew.

        Args:
            timeout_s: for the whole, in seconds.

        Raises:
            WorkerUnavailable, RequestTimeout, RequestFailed: as ``ask``.
        """
        deadline = self._loop.time() + timeout_s
        rows: list[LedgerRow] = []
        books: tuple[int, int] | None = None
        while True:
            question = GetRows(len(rows), ROWS_PER_PAGE)
            page = await self.ask(question, timeout_s=max(0.0, deadline - self._loop.time()))
            if books is not None and books != (self._session.incarnation, page.epoch):
                rows, books = [], None
                continue
            books = self._session.incarnation, page.epoch
            rows += page.rows
            if not page.rows or len(rows) >= page.total:
                return rows
