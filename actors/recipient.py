"""Whoever can be told something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Recipient(Protocol):
    """Somebody who can be told things: an actor's reference, or a bridge session."""

    def tell(self, message: Any) -> None:
        """Put a message into the mailbox. Never blocks; what can't be delivered becomes a dead letter."""
        ...


class Addressed(Recipient, Protocol):
    """A recipient with an address of its own: an actor's reference.

    Attributes:
        name: the actor's name.
        waiting: tells how many messages are in its mailbox.
    """

    name: str
    waiting: Callable[[], int]
