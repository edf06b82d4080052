"""``actors.ports.ProcessorClient`` over HTTP: what is asked, and what comes of it. All I/O is below ``Exchange``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from actors.values import Refused, Settled, Unknown
from rinha.processors import wire
from rinha.processors.errors import AnswerLost, ExchangeFailed, NotSent

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.values import HealthReport, Outcome, Payment
    from rinha.processors.wire import Answer

HEALTH_DEADLINE_S = 6.0
"""The endpoint may hold a call until its next window, which comes within 5 s."""


class Exchange(Protocol):
    """HTTP with one processor: in the worker on gevent, in the simulation simulated."""

    def request(self, method: str, target: str, body: bytes = b"", *, deadline_s: float) -> Answer:
        """Send one request, once, and wait for its answer.

        Args:
            method: the method.
            target: path below the processor's base URL, from its slash.
            body: JSON, or nothing.
            deadline_s: seconds for the whole of it.

        Raises:
            NotSent: no connection within the deadline.
            AnswerLost: no complete, proper answer within the deadline.
        """
        ...

    def close(self) -> None:
        """Give back what it holds. Requests at work end as they would, later ones raise ``NotSent``."""
        ...


class HttpProcessorClient:
    """The HTTP API of one payment processor. Calls block the calling actor alone.

    Nothing is ever sent twice by a call, and no call raises for what the processor or the network does.

    Args:
        payments: to post and to look up payments.
        health: to ask for health, apart from payments that hang.
        deadline_s: time for a whole call, from connecting to the end of the answer, a look-up after a 422 included.
        monotonic_s: the clock that it is measured with.
    """

    def __init__(
        self,
        payments: Exchange,
        health: Exchange,
        *,
        deadline_s: float,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._payments = payments
        self._health = health
        self._deadline_s = deadline_s
        self._monotonic_s = monotonic_s

    def post(self, payment: Payment, requested_at_ms: int) -> Settled | Refused | Unknown:
        """``POST /payments``; see ``ProcessorClient.post``."""
        begun_s = self._monotonic_s()
        body = wire.payment_body(payment, requested_at_ms)
        try:
            answer = self._payments.request("POST", wire.PAYMENTS, body, deadline_s=self._deadline_s)
        except NotSent as error:
            return Refused(error.reason)
        except AnswerLost as error:
            return Unknown(error.reason)
        outcome = wire.read_post_answer(answer, payment, requested_at_ms)
        if outcome is not None:
            return outcome
        found = self._find(payment.payment_id, begun_s + self._deadline_s - self._monotonic_s())
        return found if isinstance(found, Settled) else Unknown(f"HTTP 422, then: {found.reason}", verdict=True)

    def find(self, payment_id: bytes) -> Settled | Refused | Unknown:
        """``GET /payments/{id}``; see ``ProcessorClient.find``."""
        return self._find(payment_id, self._deadline_s)

    def health(self) -> HealthReport | None:
        """``GET /payments/service-health``; see ``ProcessorClient.health``. Takes up to ``HEALTH_DEADLINE_S``."""
        try:
            return wire.read_health_answer(self._health.request("GET", wire.HEALTH, deadline_s=HEALTH_DEADLINE_S))
        except ExchangeFailed:
            return None

    def close(self) -> None:
        """Close both exchanges."""
        self._payments.close()
        self._health.close()

    def _find(self, payment_id: bytes, deadline_s: float) -> Outcome:
        try:
            answer = self._payments.request("GET", wire.payment_target(payment_id), deadline_s=max(deadline_s, 0.0))
        except ExchangeFailed as error:
            return Unknown(error.reason)
        return wire.read_find_answer(answer, payment_id)
