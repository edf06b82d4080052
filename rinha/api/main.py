"""Running one API process: its parts, its socket and its signals."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING

import uvloop

from rinha.api.app import make_server
from rinha.api.process import ApiProcess
from rinha.api.serve import LISTEN_BACKLOG, serve
from rinha.bridge.client.client import BridgeClient
from rinha.net.listener import Listener
from rinha.overview.durations import Durations
from rinha.process import STOP_SIGNALS, ExitCode, bind_failed, release_collector
from rinha.time_slice import ask_for_slice
from rinha.trace.recording.process import Process, new_run
from rinha.trace.recording.recorder import REVIEW_S, ProcessRecorder

if TYPE_CHECKING:
    import socket

    from rinha.api.gateway import Gateway
    from rinha.bridge.protocol.wire.overview import Counted
    from rinha.settings.table import Settings


def run_api(settings: Settings, listen_fd: int | None = None) -> ExitCode:
    """Run the API until a signal stops it.

    Args:
        settings: what the process was told.
        listen_fd: a bound socket that was inherited; without one, ``settings.listen_address`` is bound.

    Returns:
        ``OK``, ``FAILED`` if the worker has not acknowledged every payment, ``REFUSED`` if the address can't be bound,
        or ``listen_fd`` is no bound socket.
    """
    address = settings.listen_address
    try:
        listener = Listener(address, backlog=LISTEN_BACKLOG, fd=listen_fd)
    except OSError as error:
        return bind_failed(address, error)
    durations = Durations() if settings.dashboard == "on" else None
    recorder = ProcessRecorder(
        Process(settings.api_name, new_run(), "api"),
        recent=settings.trace_recent,
        share=settings.trace_share,
        slow_ms=settings.trace_slow_ms,
        durations=durations,
    )
    with closing(listener), closing(recorder):
        return uvloop.run(_run(settings, listener.socket, recorder, durations))


async def _run(
    settings: Settings, sock: socket.socket, recorder: ProcessRecorder, durations: Durations | None
) -> ExitCode:
    def answered() -> dict[str, Counted]:
        if durations is None:
            return {}
        recorder.review()  # what was answered up to now
        return durations.counted()

    process = ApiProcess(settings.api_name, recorder.process.run, traces=recorder, answered=answered)
    gateway = _gateway(settings, recorder, process)
    server = make_server(
        gateway,
        accept=settings.accept,
        name=settings.api_name,
        recorder=recorder,
        admin_token=settings.admin_token.reveal(),
        ask_timeout_s=settings.answer_timeout_s,
        repeat_s=settings.repeat_s,
        process=process,
        dashboard=settings.dashboard == "on",
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    reviewing = asyncio.create_task(_review(recorder))
    release_collector()
    ask_for_slice(settings.time_slice_ms)
    try:
        return await serve(server, gateway, sock, drain_s=settings.drain_s, stop=stop)
    finally:
        reviewing.cancel()


def _gateway(settings: Settings, recorder: ProcessRecorder, process: ApiProcess) -> Gateway:
    if settings.nats is not None:
        # Only here, so that nobody else needs its library.
        from rinha.jetstream.gateway import JetStreamGateway

        return JetStreamGateway(
            settings.nats,
            shards=settings.shards,
            replicas=settings.nats_replicas,
            name=settings.api_name,
            answer_timeout_s=settings.answer_timeout_s,
            recorder=recorder,
            linger_s=settings.bridge_linger_ms / 1000,
            answer=process.answer,
        )
    return BridgeClient(
        settings.bridge,
        settings.bridge_secret,
        name=settings.api_name,
        answer_timeout_s=settings.answer_timeout_s,
        recorder=recorder,
        linger_s=settings.bridge_linger_ms / 1000,
        # A durable worker has on record whatever was sent on, so it knows by itself.
        repeat_s=0.0 if settings.accept == "durable" else settings.repeat_s,
        answer=process.answer,
    )


async def _review(recorder: ProcessRecorder) -> None:
    while True:
        await asyncio.sleep(REVIEW_S)
        recorder.review_if_due()
