"""A client of a processor from its URL: decisions above, gevent below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.processors.addresses import Addresses, look_up
from rinha.processors.client import HttpProcessorClient
from rinha.processors.exchange import HttpExchange

if TYPE_CHECKING:
    from rinha.net.http_url import HttpUrl
    from rinha.processors.addresses import LookUp

_HEALTH_CONNECTIONS = 1  # Of its own, so that payments that hang can't keep health from being asked.


def open_client(
    url: HttpUrl, *, connections: int, deadline_s: float = 10.0, look_up: LookUp = look_up
) -> HttpProcessorClient:
    """Make the client of a processor. It connects when it is used.

    Args:
        url: the processor's base URL.
        connections: how many calls but ``health`` may be at work at a time; more would wait for each other.
        deadline_s: time for a whole call, from connecting to the end of the answer, a look-up after a post included.
        look_up: finds the addresses of the URL's host, if that is a name.
    """
    addresses = Addresses(url.host, url.port, look_up=look_up)
    payments = HttpExchange(url, addresses, connections)
    health = HttpExchange(url, addresses, _HEALTH_CONNECTIONS)
    return HttpProcessorClient(payments, health, deadline_s=deadline_s)
