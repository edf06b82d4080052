"""What happened in a run, as lines that are the same in every process."""

from __future__ import annotations

from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.scheduler import Scheduler


class Trace:
    """Notes events, if it is switched on: rendering them costs more than the run.

    Args:
        enabled: whether to note anything.
    """

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled
        self.lines: list[str] = []
        self.scheduler: Scheduler

    def note(self, what: str, value: object = "") -> None:
        """Note an event."""
        if self.enabled:
            self.lines.append(f"{self.scheduler.now_s - 1000:10.6f} {what} {render(value)}")


def digest(lines: list[str]) -> str:
    """A fingerprint of a trace."""
    return sha256("\n".join(lines).encode()).hexdigest()


def render(value: Any) -> str:
    """A value without memory addresses and hash orders."""
    if isinstance(value, bytes):
        return f"#{int.from_bytes(value)}"
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, list | tuple):
        inner = ", ".join(render(each) for each in value)
        return f"{type(value).__name__}({inner})" if hasattr(value, "_fields") else f"[{inner}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{render(key)}: {render(each)}" for key, each in value.items()) + "}"
    if isinstance(value, str | int | float | bool) or value is None:
        return str(value)
    if hasattr(value, "message"):
        return f"{type(value).__name__}({render(value.message)})"
    return f"<{getattr(value, 'name', type(value).__name__)}>"
