"""Serving on one socket until told to stop, and the orderly end."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from rinha.process import ExitCode

if TYPE_CHECKING:
    import socket

    from rinha.api.app import ApiServer
    from rinha.api.gateway import Gateway

logger = logging.getLogger(__name__)

LISTEN_BACKLOG = 1024
"""Connections that may wait to be accepted; the system's limit (``net.core.somaxconn``) caps it."""


async def serve(
    server: ApiServer, gateway: Gateway, sock: socket.socket, *, drain_s: float, stop: asyncio.Event
) -> ExitCode:
    """Serve until ``stop`` is set, then drain.

    The order of the end: this process's copy of the listening socket is closed (a sibling may go on with its own),
    requests in progress are answered, idle connections closed, and the bridge's outbox is flushed.

    Args:
        server: the API.
        gateway: its way to the worker; started and closed here.
        sock: a bound socket, listening or not; closed here.
        drain_s: how long the end may take.
        stop: set by whoever wants it to end.

    Returns:
        ``OK``, or ``FAILED`` if the worker has not acknowledged every payment.
    """
    loop = asyncio.get_running_loop()
    await gateway.start()
    runner = web.ServerRunner(server, shutdown_timeout=drain_s)
    await runner.setup()
    site = web.SockSite(runner, sock, backlog=LISTEN_BACKLOG)
    await site.start()
    logger.info("api.listening", extra={"address": site.name})
    await stop.wait()

    logger.info("api.draining", extra={"drain_s": drain_s})
    deadline = loop.time() + drain_s
    await site.stop()
    try:
        async with asyncio.timeout_at(deadline):
            await server.drain()
            await runner.cleanup()
    except TimeoutError:
        logger.warning("api.drain_cut_short", extra={"connections": len(server.connections)})
        for connection in server.connections:
            connection.force_close()
    unacknowledged = await gateway.close(max(0.0, deadline - loop.time()))
    if unacknowledged:
        ids = [str(UUID(bytes=payment.payment_id)) for payment in unacknowledged]
        logger.error("api.unacknowledged", extra={"count": len(ids), "correlationIds": ids})
        return ExitCode.FAILED
    logger.info("api.stopped")
    return ExitCode.OK
