"""Payments of unknown outcome that are left alone for a while, so that a person can say how they ended.

They are posted again every few seconds, and after each post nobody can say for some seconds whether it will commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.intake.backlog.entry import Entry

HOLD_S = 60.0
"""The longest attempt, the longest delay after it, and time for a person to say it again."""


class Holds:
    """Holds payments back until their instant has come."""

    def __init__(self) -> None:
        self._entries: dict[bytes, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def add(self, entry: Entry) -> None:
        """Hold a payment until its ``held_until_s``."""
        self._entries[entry.payment.payment_id] = entry

    def remove(self, entry: Entry) -> bool:
        """Let go of a payment.

        Returns:
            Whether it was held.
        """
        return self._entries.pop(entry.payment.payment_id, None) is not None

    def due_s(self, processor: str) -> float | None:
        """When the next one at a processor is due, on the monotonic clock; None without any, as nearly always."""
        if not self._entries:
            return None
        return min((each.held_until_s for each in self if _at(each) == processor), default=None)

    def pop_due(self, processor: str, now_s: float) -> list[Entry]:
        """Let go of all at a processor that are due."""
        if not self._entries:
            return []
        due = [each for each in self if _at(each) == processor and each.held_until_s <= now_s]
        for each in due:
            self.remove(each)
        return due


def _at(entry: Entry) -> str:
    return entry.unasked[0] if entry.unasked else entry.processor
