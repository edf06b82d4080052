"""A connection to NATS that says soon when it is cut, and never sends later what it has reported as failed."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import nats
from nats.errors import Error as NatsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nats.aio.client import Client

    from rinha.net.nats_url import NatsUrl

logger = logging.getLogger(__name__)

PING_S = 1
PINGS_OUT = 2
"""A link that is cut is noticed after 3 s; by default after 4 minutes."""
RECONNECT_S = 0.1
CONNECT_TIMEOUT_S = 2
RETRY_S = 0.5


async def connect(
    url: NatsUrl,
    name: str,
    *,
    on_disconnected: Callable[[], None] = lambda: None,
    on_reconnected: Callable[[], None] = lambda: None,
) -> Client:
    """Connect once it can be done, and stay connected from then on.

    Args:
        url: the servers.
        name: of this process, for the server's own lists.
        on_disconnected: called when the connection is lost.
        on_reconnected: called when it is back.

    Returns:
        The client. What it is given to send while it isn't connected raises ``OutboundBufferLimitError`` at once.
    """
    state = _State(url, on_disconnected, on_reconnected)
    while True:
        try:
            client = await _connect(url, name, state)
        except (OSError, NatsError) as error:
            logger.warning("nats.away", extra={"servers": str(url), "reason": str(error)})
            await asyncio.sleep(RETRY_S)
        else:
            state.connected(client)
            return client


async def _connect(url: NatsUrl, name: str, state: _State) -> Client:
    client: Client = await nats.connect(
        servers=list(url.servers),
        name=name,
        # Or else it would buffer, and deliver later what the caller took for failed.
        pending_size=-1,
        ping_interval=PING_S,
        max_outstanding_pings=PINGS_OUT,
        # By default it gives up for good after 60.
        max_reconnect_attempts=-1,
        reconnect_time_wait=RECONNECT_S,
        connect_timeout=CONNECT_TIMEOUT_S,
        allow_reconnect=True,
        error_cb=state.failed,
        disconnected_cb=state.disconnected,
        reconnected_cb=state.reconnected,
    )
    return client


class _State:
    """Tells the log when the connection is lost and back: the first failure of a row is news, the others are not."""

    def __init__(self, url: NatsUrl, on_disconnected: Callable[[], None], on_reconnected: Callable[[], None]) -> None:
        self._url = url
        self._on_disconnected = on_disconnected
        self._on_reconnected = on_reconnected
        self._failing = ""
        self._client: Client | None = None

    async def failed(self, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        level = logging.DEBUG if self._failing == reason else logging.WARNING
        logger.log(level, "nats.failed", extra={"servers": str(self._url), "reason": reason})
        self._failing = reason

    async def disconnected(self) -> None:
        if self._client is None or self._client.is_closed:
            return  # we ended it
        logger.warning("nats.disconnected", extra={"servers": str(self._url)})
        self._on_disconnected()

    async def reconnected(self) -> None:
        self.connected()
        self._on_reconnected()

    def connected(self, client: Client | None = None) -> None:
        self._client = client or self._client
        self._failing = ""
        logger.info("nats.connected", extra={"servers": str(self._url)})
