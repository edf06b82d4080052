"""``actors.ports.ProcessorClient`` over HTTP."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from actors.values import Refused, Settled, Unknown
from rinha.processors import wire
from rinha.processors.connections import Connections
from rinha.processors.errors import AnswerLost, ExchangeFailed, NotSent

if TYPE_CHECKING:
    from actors.values import HealthReport, Outcome, Payment
    from rinha.net.http_url import HttpUrl

HEALTH_DEADLINE_S = 6.0
"""The endpoint may hold a call until its next window, which comes within 5 s."""

_HEALTH_CONNECTIONS = 1  # Of its own, so that payments that hang can't keep health from being asked.


class HttpProcessorClient:
    """The HTTP API of one payment processor. It runs on gevent, unpatched: calls block the calling greenlet alone.

    Nothing is ever sent twice by a call, and no call raises for what the processor or the network does.

    Args:
        name: the processor's name.
        url: its base URL.
        deadline_s: time for a whole call, from connecting to the end of the answer, a look-up after a 422 included.
        connections: how many calls but ``health`` may be at work at a time; more would wait for each other.
    """

    def __init__(self, name: str, url: HttpUrl, *, deadline_s: float = 10.0, connections: int) -> None:
        self.name = name
        self._deadline_s = deadline_s
        self._requests = wire.Requests(url)
        self._connections = Connections(url, connections, deadline_s)
        self._health_connections = Connections(url, _HEALTH_CONNECTIONS, HEALTH_DEADLINE_S)

    def post(self, payment: Payment, requested_at_ms: int) -> Settled | Refused | Unknown:
        """``POST /payments``; see ``ProcessorClient.post``."""
        begun_s = time.monotonic()
        try:
            answer = self._connections.exchange(self._requests.post(payment, requested_at_ms))
        except NotSent as error:
            return Refused(error.reason)
        except AnswerLost as error:
            return Unknown(error.reason)
        outcome = wire.read_post_answer(answer, payment, requested_at_ms)
        if outcome is not None:
            return outcome
        found = self._find(payment.payment_id, begun_s + self._deadline_s - time.monotonic())
        return found if isinstance(found, Settled) else Unknown(f"HTTP 422, then: {found.reason}")

    def find(self, payment_id: bytes) -> Settled | Refused | Unknown:
        """``GET /payments/{id}``; see ``ProcessorClient.find``."""
        return self._find(payment_id, self._deadline_s)

    def health(self) -> HealthReport | None:
        """``GET /payments/service-health``; see ``ProcessorClient.health``. Takes up to ``HEALTH_DEADLINE_S``."""
        try:
            return wire.read_health_answer(self._health_connections.exchange(self._requests.health))
        except ExchangeFailed:
            return None

    def close(self) -> None:
        """Close the connections. Later calls find no connection, those at work end as they would."""
        self._connections.close()
        self._health_connections.close()

    def _find(self, payment_id: bytes, deadline_s: float) -> Outcome:
        try:
            answer = self._connections.exchange(self._requests.find(payment_id), max(deadline_s, 0.0))
        except ExchangeFailed as error:
            return Unknown(error.reason)
        return wire.read_find_answer(answer, payment_id)
