"""Whoever can be told something."""

from __future__ import annotations

from typing import Any, Protocol


class Recipient(Protocol):
    """Somebody who can be told things: an actor's reference, or a bridge session."""

    def tell(self, message: Any) -> None:
        """Put a message into the mailbox. Never blocks; what can't be delivered becomes a dead letter."""
        ...


class ActorReference(Recipient, Protocol):
    """A reference to an actor, which can be asked as well."""

    def ask(self, message: Any, *, timeout: float) -> Any:
        """Send a message and wait for the reply.

        Raises:
            pykka.Timeout: no reply within ``timeout`` seconds.
            pykka.ActorDeadError: the actor has stopped.
            Exception: whatever the actor raised.
        """
        ...
