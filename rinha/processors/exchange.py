"""One request and its answer within a deadline, on gevent.

A client library's own retries and its own idea of when a connection is free again would undo what the outcomes of
payments rest on, so both are decided here: a request is sent once, and a connection is given back in one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent

from rinha.processors.errors import AnswerLost, NotSent
from rinha.processors.http1 import Requests
from rinha.processors.pool import Pool

if TYPE_CHECKING:
    from rinha.net.http_url import HttpUrl
    from rinha.processors.addresses import Addresses
    from rinha.processors.connection import Connection
    from rinha.processors.wire import Answer


class HttpExchange:
    """HTTP with one processor (``rinha.processors.client.Exchange``). Calls block the calling greenlet alone.

    Args:
        url: what its requests are written for.
        addresses: where it is.
        connections: how many requests may be at work at a time; more wait for each other.
    """

    def __init__(self, url: HttpUrl, addresses: Addresses, connections: int) -> None:
        self._requests = Requests(url)
        self._pool = Pool(addresses, connections)

    def request(self, method: str, target: str, body: bytes = b"", *, deadline_s: float) -> Answer:
        """Send one request; see ``Exchange.request``."""
        request = self._requests.write(method, target, body)
        connection: Connection | None = None
        timer = gevent.Timeout.start_new(deadline_s)
        try:
            connection = self._pool.take()
            return connection.exchange(request)
        except gevent.Timeout as expired:
            if expired is not timer:
                raise
            if connection is None:
                raise NotSent(f"no connection within {deadline_s:g} s") from None
            raise AnswerLost(f"no answer within {deadline_s:g} s") from None
        finally:
            timer.close()
            if connection is not None:
                self._pool.give_back(connection)

    def close(self) -> None:
        """Close the connections; see ``Exchange.close``."""
        self._pool.close()
