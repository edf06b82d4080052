"""Since when an API can hand no payments over, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rinha.bridge.errors import NoCreditReason


class Refusing:
    """The reason of now, and since when it has been this one.

    Args:
        now_ms: the wall clock, in milliseconds since the Unix epoch.
        reason: the first one; None for none.
    """

    def __init__(self, now_ms: Callable[[], int], reason: NoCreditReason | None = None) -> None:
        self.reason: NoCreditReason | None = None
        self.since_ms = 0
        """0 while there is none."""
        self._now_ms = now_ms
        self.see(reason)

    def see(self, reason: NoCreditReason | None) -> None:
        """Look again; called whenever it may have changed."""
        if reason is not self.reason:
            self.reason = reason
            self.since_ms = self._now_ms() if reason is not None else 0
