"""Time as the actors see it, and the system's own clocks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from actors.recipient import Recipient


class Clock(Protocol):
    """Two clocks: one for what people and processors see, one for waiting."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC. May jump."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since some fixed point. Never jumps."""
        ...


class Timer(Protocol):
    """A message that is set for later."""

    def cancel(self) -> None:
        """Have it not told. To cancel again, or what was told already, changes nothing."""
        ...


class Timers(Protocol):
    """Messages for later."""

    def tell_after(self, delay_s: float, recipient: Recipient, message: Any) -> Timer:
        """Tell ``recipient`` the message once ``delay_s`` seconds of monotonic time have passed.

        Returns:
            The handle to cancel it; whoever won't may let go of it.
        """
        ...


class SystemClock:
    """The clocks of the operating system."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""
        return time.time_ns() // 1_000_000

    monotonic_s = staticmethod(time.monotonic)
    """Seconds on the monotonic clock. Read several times per message, so without a call of our own around it."""
