"""What an API's log says of a session that has begun."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rinha.bridge.protocol.worker.journals import describe

if TYPE_CHECKING:
    from rinha.bridge.protocol.events import SessionReady

logger = logging.getLogger(__name__)


def log_opened(ready: SessionReady) -> None:
    """Log that a session has begun, and what it means that another worker is there."""
    extra = {
        "incarnation": f"{ready.incarnation:016x}",
        "epoch": ready.epoch,
        "redelivered": len(ready.redelivered),
        "sent_before": ready.told,
    }
    logger.info("bridge.session_opened", extra=extra)
    if ready.told and ready.forgotten:
        logger.warning("bridge.sent_before_forgotten", extra={"ids": ready.forgotten})
    if ready.restart is not None:
        began_with, settled_lost, journal = ready.restart
        extra = {
            "incarnation": f"{ready.incarnation:016x}",
            "journal": describe(journal),
            "books": began_with,
            "settled_forgotten": settled_lost,
        }
        level = logging.WARNING if settled_lost else logging.INFO
        logger.log(level, "bridge.worker_restarted", extra=extra)
