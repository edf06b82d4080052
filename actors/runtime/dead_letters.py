"""What becomes of a message that can't be delivered."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from actors.runtime.alarm import Wake

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


class DeadLetters:
    """Counts and logs what could not be delivered."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.stopping = False
        """Whether the actors are being stopped, so that what doesn't arrive is none: an exchange ends after its actor
        was left, a commit after the journal has stopped. Promises are on record then, or gone with the process."""
        self._promises: tuple[type, ...] = ()
        self._on_lost: Callable[[Any, str], None]

    def watch(self, promises: tuple[type, ...], on_lost: Callable[[Any, str], None]) -> None:
        """Have somebody told of letters that must never be: ``on_lost(message, reason)``.

        Args:
            promises: the classes of messages that carry a promise.
            on_lost: called for each of them that can't be delivered.
        """
        self._promises, self._on_lost = promises, on_lost

    def receive(self, actor: str, message: Any, reason: str) -> None:
        """Take a message that ``actor`` won't handle. A timer that goes off after its actor's end is none."""
        if self.stopping or isinstance(message, Wake):
            return
        self.counts[type(message).__name__] += 1
        logger.error("actor.dead_letter", extra={"actor": actor, "letter": repr(message)[:500], "reason": reason})
        if isinstance(message, self._promises):
            self._on_lost(message, reason)
