"""What an actor does, as the guard sees it."""

from __future__ import annotations

from typing import Any, Protocol


class Behaviour(Protocol):
    """What an actor does: the runtime gives it a mailbox, one message at a time, and a guard.

    A behaviour that raises is thrown away and made anew by its factory; its mailbox and references stay. What must
    survive that is a plain object that the factory passes in again.
    """

    def on_start(self) -> None:
        """Called before the first message, and again each time the behaviour was made anew."""
        ...

    def on_receive(self, message: Any) -> Any:
        """Handle one message; what is returned answers an ask."""
        ...

    def on_give_up(self, message: Any) -> bool:
        """Called on the new behaviour for a message that is not to be tried again.

        Returns:
            Whether it was dealt with. If not, it becomes a dead letter.
        """
        ...

    def may_retry(self, message: Any) -> bool:
        """Whether a message that failed may be handled again by the new behaviour."""
        ...
