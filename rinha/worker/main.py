"""The worker as a process: its signals, its drain and its exit code."""

from __future__ import annotations

import gc
import logging
import signal
from typing import TYPE_CHECKING

import gevent
import pykka
from gevent.event import Event

from actors.ports import StoreBroken, StoreUnavailable
from actors.runtime.guard import StartFailed
from rinha.worker.composition import Worker

if TYPE_CHECKING:
    from rinha.settings.load import Settings

logger = logging.getLogger(__name__)


def run_worker(settings: Settings, listen_fd: int | None = None) -> int:
    """Run the worker until SIGTERM or SIGINT, then drain.

    Args:
        settings: the settings.
        listen_fd: a bound socket that was inherited for the bridge; without one, the address in the settings is bound.

    Returns:
        The exit code: 0 if nothing waits, 1 if payments wait (their ids are logged) or the actors crashed too often,
        2 if it can't start, 3 if the store couldn't be read now.
    """
    asked_to_stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, asked_to_stop.set)
    try:
        worker = Worker(settings, listen_fd)
        worker.start()
    except StoreUnavailable as error:
        logger.error("worker.store_unavailable", extra={"reason": str(error)})
        return 3  # another try may find it
    except (OSError, ValueError, StartFailed, StoreBroken) as error:
        logger.error("worker.start_failed", extra={"bridge": settings.bridge, "reason": str(error)})
        return 2
    gc.freeze()
    gc.enable()
    logger.info("worker.started", extra={"bridge": settings.bridge, "pool": settings.pool_size})
    gevent.wait([asked_to_stop, worker.failed], count=1)
    if worker.failed.is_set():
        return 1
    logger.info("worker.draining", extra={"drain_s": settings.drain_s})
    try:
        waiting = worker.drain(settings.drain_s)
    except (pykka.Timeout, pykka.ActorDeadError) as error:
        logger.error("worker.drain_failed", extra={"reason": repr(error)})
        return 1
    worker.stop()
    failed = bool(waiting) or worker.failed.is_set()
    logger.log(
        logging.ERROR if failed else logging.INFO, "worker.stopped", extra={"waiting": len(waiting), "ids": waiting}
    )
    return int(failed)
