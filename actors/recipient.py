"""Whoever can be told something."""

from __future__ import annotations

from typing import Any, Protocol


class Recipient(Protocol):
    """Somebody who can be told things: an actor's reference, or a bridge session."""

    def tell(self, message: Any) -> None:
        """Put a message into the mailbox. Never blocks; what can't be delivered becomes a dead letter."""
        ...
