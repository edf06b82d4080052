"""What the API needs of the bridge to the worker, as a Protocol; ``rinha.bridge.client.client`` is the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from asyncio import Future

    from actors.values import Payment, Verdict
    from rinha.bridge.client.refusing import Refusing
    from rinha.bridge.protocol.wire.frames import Tally
    from rinha.bridge.protocol.wire.processes import StreamReport
    from rinha.bridge.protocol.wire.questions import Question


class Gateway(Protocol):
    """The API's way to the worker. Runs on the API's event loop."""

    @property
    def ready(self) -> bool:
        """Whether a session with the worker is open."""
        ...

    @property
    def refusing(self) -> Refusing:
        """Why it would take no payment now, and since when."""
        ...

    @property
    def tally(self) -> Tally:
        """What the worker has said last of its books and its backlog."""
        ...

    @property
    def credit(self) -> int:
        """How many payments could be handed over now."""
        ...

    @property
    def outbox_size(self) -> int:
        """How many payments have no verdict yet."""
        ...

    async def start(self) -> None:
        """Begin to connect; returns without waiting for the worker."""
        ...

    def begin(self, payment: Payment) -> Future[Verdict]:
        """Hand a payment to the worker.

        Returns:
            The verdict to come. It raises ``OutcomeUnknown`` if it doesn't come in time.

        Raises:
            NoCredit: no worker, or it takes no more for now; nothing left the API.
        """
        ...

    def post(self, payment: Payment) -> None:
        """Put a payment into the outbox, to be sent until the worker acknowledges it.

        Raises:
            NoCredit: no worker, or it takes no more for now; the payment is not in the outbox.
        """
        ...

    async def ask(self, question: Question, *, timeout_s: float) -> Any:
        """Ask the worker; the answers are those that the questions' classes name.

        Raises:
            WorkerUnavailable: no session is open.
            RequestInterrupted: it broke before the reply; the worker may have done it.
            RequestTimeout: no reply within ``timeout_s``; the worker may still do it.
            RequestFailed: the worker failed on the request.
        """
        ...

    async def stream_report(self, *, timeout_s: float) -> StreamReport | None:
        """How the stream and its shards are; None where there are none."""
        ...

    async def close(self, flush_timeout_s: float) -> list[Payment]:
        """Send what is in the outbox for up to ``flush_timeout_s`` seconds, then end the session.

        Returns:
            The payments that the worker has not acknowledged.
        """
        ...
