"""At the worker's start: whether anybody is where the processors are said to be."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import gevent
from gevent import socket

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rinha.settings.processors import ProcessorSettings

logger = logging.getLogger(__name__)

PATIENCE_S = 3.0
"""Processors that are started together with the worker may be listening a little later."""
PAUSE_S = 0.25


def watch_for_absent(
    processors: Iterable[ProcessorSettings], *, patience_s: float = PATIENCE_S
) -> list[gevent.Greenlet[..., None]]:
    """Warn of each processor to which no connection can be made: its URL may be wrong, and nothing else would say so.

    They are only connected to, since their health endpoints may be asked once per 5 s. Nothing waits for it or depends
    on it: payments find out by themselves.

    Args:
        processors: where they are.
        patience_s: for how long to try.

    Returns:
        The greenlets that try, one for each processor.
    """
    return [gevent.spawn(_look, each, patience_s) for each in processors]


def _look(processor: ProcessorSettings, patience_s: float) -> None:
    deadline_s = time.monotonic() + patience_s
    url = processor.url
    while True:
        left_s = max(deadline_s - time.monotonic(), PAUSE_S)
        try:
            # The name is looked up outside the connection's own timeout.
            with gevent.Timeout(left_s, TimeoutError(f"no connection within {patience_s:g} s")):
                socket.create_connection((url.host, url.port)).close()
            return
        except OSError as error:
            if time.monotonic() + PAUSE_S >= deadline_s:
                extra = {"processor": processor.name, "url": str(url), "reason": str(error)}
                logger.warning("worker.processor_unreachable", extra=extra)
                return
        gevent.sleep(PAUSE_S)
