"""The worker as a process: its signals, its drain and its exit code."""

from __future__ import annotations

import logging
from contextlib import closing
from typing import TYPE_CHECKING

import gevent
import pykka
from gevent.event import Event

from actors.ports import StandingBy, StoreBroken, StoreUnavailable
from actors.runtime.guard import ActorFailed, StartFailed
from actors.runtime.reference import MailboxFull
from rinha.process import STOP_SIGNALS, WORKER_ROLE, ExitCode, bind_failed, release_collector
from rinha.time_slice import ask_for_slice
from rinha.worker.reachability import watch_for_absent
from rinha.worker.worker import Worker

if TYPE_CHECKING:
    from rinha.settings.table import Settings

logger = logging.getLogger(__name__)

STAND_BY_S = 0.5
"""How often a worker that has nothing to hold looks whether another one has ended."""


def run_worker(settings: Settings, listen_fd: int | None = None, name: str = WORKER_ROLE) -> ExitCode:
    """Run the worker until a signal stops it, then drain.

    Args:
        settings: the settings.
        listen_fd: a bound socket that was inherited for the bridge; without one, the address in the settings is bound.
        name: its name for people, who may have several.

    Returns:
        ``OK`` if nothing waits, ``FAILED`` if payments wait (their ids are logged) or the actors crashed too often,
        ``REFUSED`` if it can't start, ``UNAVAILABLE`` if the store couldn't be read now.
    """
    asked_to_stop = Event()
    for number in STOP_SIGNALS:
        gevent.signal_handler(number, asked_to_stop.set)
    try:
        worker = Worker(settings, listen_fd, name)
    except StoreBroken as error:
        return _start_failed(settings, error)
    with closing(worker):
        return _serve(worker, settings, asked_to_stop)


def _serve(worker: Worker, settings: Settings, asked_to_stop: Event) -> ExitCode:
    try:
        if not _start(worker, asked_to_stop):
            return ExitCode.OK
    except StoreUnavailable as error:
        logger.error("worker.store_unavailable", extra={"reason": str(error)})
        return ExitCode.UNAVAILABLE
    except OSError as error:
        return bind_failed(settings.bridge, error)
    except (StartFailed, StoreBroken) as error:
        return _start_failed(settings, error)
    release_collector()
    ask_for_slice(settings.time_slice_ms)
    settled, held, _ = worker.began
    journal = "empty: no journal" if settings.store is None else f"{settled:,} settled, from the journal"
    extra = {"bridge": str(settings.bridge), "pool": settings.pool_size, "books": journal, "held": held}
    logger.info("worker.started", extra=extra)
    watch_for_absent(settings.processors)
    gevent.wait([asked_to_stop, worker.failed], count=1)
    if worker.failed.is_set():
        return ExitCode.FAILED
    logger.info("worker.draining", extra={"drain_s": settings.drain_s})
    try:
        waiting = worker.drain(settings.drain_s)
    except (pykka.Timeout, pykka.ActorDeadError, ActorFailed, MailboxFull) as error:
        logger.error("worker.drain_failed", extra={"reason": repr(error)})
        return ExitCode.FAILED
    worker.stop()
    failed = bool(waiting) or worker.failed.is_set()
    logger.log(
        logging.ERROR if failed else logging.INFO,
        "worker.stopped",
        extra={"waiting": len(waiting), "correlationIds": waiting},
    )
    return ExitCode.FAILED if failed else ExitCode.OK


def _start(worker: Worker, asked_to_stop: Event) -> bool:
    """Start it, once there is something to hold; false if it is stopped before."""
    told = False
    while True:
        try:
            worker.start()
            return True
        except StandingBy as error:
            if not told:
                logger.info("worker.standing_by", extra={"reason": str(error)})
            told = True
        if asked_to_stop.wait(STAND_BY_S):
            return False


def _start_failed(settings: Settings, error: Exception) -> ExitCode:
    logger.error("worker.start_failed", extra={"bridge": str(settings.bridge), "reason": str(error)})
    return ExitCode.REFUSED
