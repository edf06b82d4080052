"""A client of a processor from its URL: decisions above, gevent below."""

from __future__ import annotations

from rinha.processors import wire
from rinha.processors.client import HttpProcessorClient
from rinha.processors.exchange import HttpExchange

_HEALTH_CONNECTIONS = 1  # Of its own, so that payments that hang can't keep health from being asked.


def open_client(url: str, *, connections: int, deadline_s: float = 10.0) -> HttpProcessorClient:
    """Make the client of a processor. It connects when it is used.

    Args:
        url: the processor's base URL, ``http://host:port``.
        connections: how many calls but ``health`` may be at work at a time; more would wait for each other.
        deadline_s: time for a whole call, from connecting to the end of the answer, a look-up after a 422 included.

    Raises:
        ValueError: the URL is not usable; the text names it.
    """
    address = wire.parse_url(url)
    payments, health = HttpExchange(address, connections), HttpExchange(address, _HEALTH_CONNECTIONS)
    return HttpProcessorClient(payments, health, deadline_s=deadline_s)
