"""What memory this process may have, and how much of it is used: said in time, before an engine kills it.

A container's limit is its control group's. What the kernel would take back first (files that were read) doesn't count.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

HIGH, FULL, ROOM = 0.80, 0.95, 0.90
"""Shares of the limit: a warning; nothing more is taken; it is taken again."""

_NEVER = 2**60
"""A limit from here on is none: version 1 writes the largest number of pages."""
GROUP = Path("/sys/fs/cgroup")


class Memory(NamedTuple):
    """Bytes that are used, and that may be."""

    used: int
    limit: int


def read_memory(group: Path = GROUP) -> Memory | None:
    """The control group's figures, of version 2 or 1; None where there is no limit.

    Args:
        group: its folder.
    """
    names = ("memory.max", "memory.current", "memory.stat", "inactive_file")
    if not (group / names[0]).exists():
        group /= "memory"
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat", "total_inactive_file")
    try:
        limit = (group / names[0]).read_text(encoding="ascii").strip()
        if not limit.isdigit() or int(limit) >= _NEVER:
            return None
        used = int((group / names[1]).read_text(encoding="ascii"))
        stat = dict(line.split() for line in (group / names[2]).read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):
        return None
    return Memory(max(0, used - int(stat.get(names[3], 0))), int(limit))


class MemoryWatch:
    """Says once that memory runs short, and once that it has run out; from then on nothing more is taken.

    Args:
        read: the figures; None without a limit.
        on_change: called with whether it has run out, when that changes.
        payments: how many the books have, for the log.
    """

    def __init__(
        self, read: Callable[[], Memory | None], on_change: Callable[[bool], None], payments: Callable[[], int]
    ) -> None:
        self._read = read
        self._on_change = on_change
        self._payments = payments
        self._is_high = self._is_full = False

    def look(self) -> None:
        """Look at the figures; to be called every second."""
        memory = self._read()
        if memory is None:
            return
        share = memory.used / memory.limit
        if share >= FULL and not self._is_full:
            self._is_high = self._is_full = True
            self._log(logging.ERROR, "worker.memory_full", memory)
            self._on_change(True)
        elif share >= HIGH and not self._is_high:
            self._is_high = True
            self._log(logging.WARNING, "worker.memory_high", memory)
        elif share < ROOM:
            if self._is_full:
                self._is_full = False
                self._log(logging.INFO, "worker.memory_free", memory)
                self._on_change(False)
            self._is_high = share >= HIGH

    def _log(self, level: int, event: str, memory: Memory) -> None:
        extra = {
            "used_mb": memory.used >> 20,
            "limit_mb": memory.limit >> 20,
            "share": round(memory.used / memory.limit, 2),
            "payments": self._payments(),
        }
        logger.log(level, event, extra=extra)
