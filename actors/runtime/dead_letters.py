"""What becomes of a message that can't be delivered."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

from actors.runtime.alarm import Wake

logger = logging.getLogger(__name__)


class DeadLetters:
    """Counts and logs what could not be delivered."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def receive(self, actor: str, message: Any, reason: str) -> None:
        """Take a message that ``actor`` won't handle. A timer that goes off after its actor's end is none."""
        if isinstance(message, Wake):
            return
        self.counts[type(message).__name__] += 1
        logger.error("actor.dead_letter", extra={"actor": actor, "letter": repr(message)[:500], "reason": reason})
