"""The API's side of the bridge for handlers: submit payments, ask the worker. Runs on asyncio, in one loop.

A payment that was submitted stays in the outbox until the worker has decided on it, over as many connections as that
takes. Only a payment that could not be submitted at all (``NoCredit``) has certainly not left.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from typing import TYPE_CHECKING, Any

from actors.values import Verdict
from rinha.bridge.client.link import ClientLink
from rinha.bridge.client.opened import log_opened
from rinha.bridge.client.questions import ClientRequests
from rinha.bridge.client.refusing import Refusing
from rinha.bridge.client.verdicts import Waiters
from rinha.bridge.errors import NoCredit, NoCreditReason, WorkerUnavailable
from rinha.bridge.protocol.api.api_end import ApiEnd
from rinha.bridge.protocol.api.sent import Sent
from rinha.bridge.protocol.events import CreditChanged, PaymentsDecided, ReplyReceived, RequestReceived
from rinha.bridge.protocol.wire.handshake import API_ID_BYTES
from rinha.net.address import Address, require_secret
from rinha.net.secret import FixedSecret, SharedSecret

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.tracing import Recorder
    from actors.values import LedgerRow, Payment
    from rinha.bridge.protocol.events import ClientEvent
    from rinha.bridge.protocol.wire.frames import Tally
    from rinha.bridge.protocol.wire.questions import Question

_REDELIVERED = {"redelivered": True}
_DECIDED = [{"verdict": each.name.lower()} for each in Verdict]
"""Fields of hops: the same objects for all payments. The second are by the verdict's number."""


class BridgeClient:
    """A bridge to the worker.

    Args:
        address: where the worker listens.
        secret: shared with the worker, read at each connection; may be empty if the address is local.
        name: of this API, for the worker's logs; at most 64 bytes.
        answer_timeout_s: how long ``submit`` waits for a verdict, in seconds.
        recorder: told when a payment leaves, and when its verdict comes.
        linger_s: how long a payment of ``post`` may wait for others to leave with it, in seconds.
        repeat_s: how long to remember what was sent, for the next worker, in seconds; 0 if that knows by itself.
        answer: answers what the worker asks of this process (``own_questions.py``) at once; None for a command.

    Raises:
        ValueError: an empty secret for an address that isn't local, or a name that is empty or too long.
    """

    def __init__(
        self,
        address: Address,
        secret: SharedSecret,
        *,
        name: str,
        answer_timeout_s: float,
        recorder: Recorder,
        linger_s: float = 0.0,
        repeat_s: float = 0.0,
        answer: Callable[[Any], object] | None = None,
    ) -> None:
        if isinstance(secret, FixedSecret):  # a file never holds an empty one
            require_secret(address, secret.read())
        self._address = address
        self._answer_timeout_s = answer_timeout_s
        self._recorder = recorder
        self._linger_s = linger_s
        self._secret = secret
        self._session = ApiEnd(
            api_id=secrets.token_bytes(API_ID_BYTES),
            name=name,
            sent=Sent(repeat_s, time.monotonic) if repeat_s else None,
        )
        self._answer = answer
        self._closing = False
        self._refusing = Refusing(lambda: time.time_ns() // 1_000_000, NoCreditReason.WORKER_AWAY)
        self._changed = asyncio.Event()
        """Set and replaced whenever a session opens or payments are decided."""

    async def start(self) -> None:
        """Begin to connect, and keep connected from now on. Doesn't wait for the worker."""
        self._link = ClientLink(
            self._address, self._secret, self._session, on_event=self._on_event, on_lost=self._on_lost
        )
        self._waiters = Waiters(asyncio.get_running_loop(), self._answer_timeout_s)
        self._requests = ClientRequests(
            self._session, flush_soon=self._link.flush_soon, reopened=self._reopened, answer=self._answer
        )
        self._connecting = asyncio.create_task(self._link.run())

    async def close(self, flush_timeout_s: float) -> list[Payment]:
        """Take no more payments, wait for the verdicts on those in the outbox, then disconnect.

        Args:
            flush_timeout_s: how long to wait at most, in seconds.

        Returns:
            The payments that are still without a verdict.
        """
        self._closing = True
        self._refusing.see(NoCreditReason.DRAINING)
        self._link.flush_soon()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(flush_timeout_s):
                while len(self._session):
                    await self._changed.wait()
        self._connecting.cancel()
        await asyncio.gather(self._connecting, return_exceptions=True)
        self._session.connection_lost()
        self._on_lost()
        self._waiters.give_up_all()
        return self._session.outbox

    @property
    def ready(self) -> bool:
        """Whether there is an open session with the worker, and the client isn't closing."""
        return self._session.is_open and not self._closing

    @property
    def refusing(self) -> Refusing:
        """Why no payment could be handed over now, and since when."""
        self._look()
        return self._refusing

    @property
    def tally(self) -> Tally:
        """What the worker has said last of its books and its backlog."""
        return self._session.tally

    @property
    def credit(self) -> int:
        """How many payments could be handed over now."""
        return 0 if self._closing else self._session.credit

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
                await self._reopened()
        return self.ready

    async def submit(self, payment: Payment) -> Verdict:
        """Hand a payment to the worker and wait for the verdict; see ``begin``."""
        return await self.begin(payment)

    def begin(self, payment: Payment) -> asyncio.Future[Verdict]:
        """Hand a payment to the worker, across reconnects if need be.

        Returns:
            The verdict to come. It raises ``OutcomeUnknown`` if it doesn't come in time: the payment stays in the
            outbox and is delivered all the same.

        Raises:
            NoCredit: the worker can't take it, or there is no session; it hasn't left and won't.
        """
        sequence = self._send(payment)
        self._link.flush_soon()
        return self._waiters.add(sequence, payment.payment_id)

    def post(self, payment: Payment) -> None:
        """Put a payment into the outbox, from where it leaves after ``linger_s``; nobody is told the verdict.

        Raises:
            NoCredit: the worker can't take it, or there is no session; it hasn't left and won't.
        """
        self._send(payment)
        self._link.flush_within(self._linger_s)

    async def ask(self, question: Question, *, timeout_s: float) -> Any:
        """Ask the worker, for what the question's class names; again if the connection breaks and it changes nothing.

        Args:
            question: what to ask.
            timeout_s: how long to wait for the reply, in seconds.

        Raises:
            WorkerUnavailable: there is no session, and what the question was to change hasn't been changed; but with
                ``RequestInterrupted`` it may have been.
            RequestTimeout: no reply in time.
            RequestFailed: the worker failed on it.
        """
        return await self._requests.ask(question, timeout_s=timeout_s)

    async def stream_report(self, *, timeout_s: float) -> None:
        """See ``Gateway.stream_report``: over the bridge there is no stream."""

    async def rows(self, *, timeout_s: float = 60.0) -> list[LedgerRow]:
        """Fetch the books, page by page; a purge or a restart of the worker meanwhile begins anew.

        Args:
            timeout_s: for the whole, in seconds.

        Raises:
            WorkerUnavailable, RequestTimeout, RequestFailed: as ``ask``.
        """
        return await self._requests.rows(timeout_s=timeout_s)

    def _send(self, payment: Payment) -> int:
        if self._closing:
            raise NoCredit(NoCreditReason.DRAINING)
        try:
            sequence = self._session.submit(payment)
        except NoCredit:
            self._look()
            raise
        recorder = self._recorder
        if recorder.active:
            recorder.note(payment.payment_id, "bridge.out", recorder.now_ns())
        return sequence

    def _look(self) -> None:
        self._refusing.see(NoCreditReason.DRAINING if self._closing else self._session.hindrance)

    def _on_event(self, event: ClientEvent) -> None:
        if isinstance(event, PaymentsDecided):
            self._decided(event)
        elif isinstance(event, ReplyReceived):
            self._requests.on_reply(event)
        elif isinstance(event, CreditChanged):
            self._look()
        elif isinstance(event, RequestReceived):
            self._requests.on_request(event)
        else:
            if self._recorder.active:
                now_ns = self._recorder.now_ns()
                for payment in event.redelivered:
                    self._recorder.note(payment.payment_id, "bridge.out", now_ns, fields=_REDELIVERED)
            log_opened(event)
            self._notify()

    def _decided(self, decided: PaymentsDecided) -> None:
        decisions = zip(decided.payments, decided.verdicts, strict=True)
        recorder = self._recorder
        now_ns = recorder.now_ns() if recorder.active else 0
        for sequence, (payment, verdict) in enumerate(decisions, start=decided.first_sequence):
            self._waiters.decide(sequence, verdict)
            if now_ns:
                recorder.note(payment.payment_id, "bridge.back", now_ns, 0, 0, "", _DECIDED[verdict])
        if self._closing:
            self._notify()

    def _on_lost(self) -> None:
        self._look()
        self._requests.on_lost()
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _reopened(self) -> None:
        while not self._session.is_open:
            if self._closing:
                raise WorkerUnavailable("this API is shutting down")
            await self._changed.wait()
