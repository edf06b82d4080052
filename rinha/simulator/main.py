"""Running one simulated processor as a process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import uvloop
from aiohttp import web

from rinha.net.address import TcpAddress
from rinha.process import STOP_SIGNALS, ExitCode, bind_failed
from rinha.simulator.app import make_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

logger = logging.getLogger(__name__)

_BACKLOG = 1024
_KEEP_ALIVE_S = 130.0  # Kestrel's default, so that idle connections live as long as with the real ones.
_SHUTDOWN_S = 0.2  # Payments in a long delay and hanging calls are not worth waiting for.


@contextlib.asynccontextmanager
async def serve(app: web.Application, *, host: str, port: int) -> AsyncIterator[int]:
    """Serve a simulator for the length of the context.

    Args:
        app: from ``make_app``.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.

    Yields:
        The port.

    Raises:
        OSError: it can't listen there.
    """
    # handler_cancellation stays off: a processor commits though its client has gone.
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=False,
        keepalive_timeout=_KEEP_ALIVE_S,
        shutdown_timeout=_SHUTDOWN_S,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def run_simulator(
    *,
    name: str,
    fee_bps: int,
    host: str,
    port: int,
    seed: int | None = None,
    on_listening: Callable[[int], None] | None = None,
) -> ExitCode:
    """Run one processor until a signal stops it.

    Args:
        name: for people.
        fee_bps: its fee in basis points.
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        seed: makes the faults' randomness repeat itself.
        on_listening: called with the port once it listens.

    Returns:
        ``OK`` after a signal, ``REFUSED`` if it can't listen there.
    """

    async def run() -> ExitCode:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, stop.set)
        app = make_app(name=name, fee_bps=fee_bps, seed=seed)
        try:
            async with serve(app, host=host, port=port) as bound_port:
                logger.info("simulator.listening", extra={"processor": name, "host": host, "port": bound_port})
                if on_listening is not None:
                    on_listening(bound_port)
                await stop.wait()
        except OSError as error:
            return bind_failed(TcpAddress(host, port), error)
        return ExitCode.OK

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())
