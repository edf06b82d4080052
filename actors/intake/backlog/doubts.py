"""Payments whose outcome has become unknown, in that order, until somebody has been told of those that stay so."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from actors.intake.backlog.entry import Entry

logger = logging.getLogger(__name__)

WARNING_AFTER_S = 30.0
"""Nearly all unknown outcomes are known within seconds; one that isn't may need a person."""

WARNINGS_AT_ONCE, PAUSE_S = 100, 1.0
"""So many warnings, then a pause: an outage that leaves thousands in doubt mustn't stop the intake to write of them."""


class Doubts:
    """Says once of each payment that its outcome has been unknown for ``WARNING_AFTER_S``."""

    def __init__(self) -> None:
        self._queue: deque[tuple[float, Entry]] = deque()
        self._new: list[Entry] = []
        self._pause_until_s = 0.0

    def __bool__(self) -> bool:
        return bool(self._queue)

    def begin(self, entry: Entry, now_s: float) -> None:
        """Note that a payment's outcome is unknown; if it was before, that counts."""
        if entry.unknown_since_s is None:
            entry.unknown_since_s = now_s
            self._queue.append((now_s, entry))
            self._new.append(entry)

    def take_new(self) -> list[Entry]:
        """Those whose outcome has become unknown since the last call, for the first time or again."""
        new, self._new = self._new, []
        return new

    @property
    def due_s(self) -> float | None:
        """When to look again, on the monotonic clock; None if there is no need."""
        self._drop_known()
        return max(self._queue[0][0] + WARNING_AFTER_S, self._pause_until_s) if self._queue else None

    def warn(self, now_s: float) -> None:
        """Write a warning of each that is overdue."""
        for entry in self.overdue(now_s):
            payment, where = str(UUID(bytes=entry.payment.payment_id)), "any" if entry.unasked else entry.processor
            extra = {"correlationId": payment, "processor": where, "reason": entry.reason}
            logger.warning("payment.outcome_unknown", extra=extra)

    def overdue(self, now_s: float) -> list[Entry]:
        """Those of which to warn now; each comes once."""
        found: list[Entry] = []
        while (due_s := self.due_s) is not None and due_s <= now_s:
            found.append(self._queue.popleft()[1])
            if len(found) == WARNINGS_AT_ONCE:
                self._pause_until_s = now_s + PAUSE_S
        return found

    def _drop_known(self) -> None:
        while self._queue and self._queue[0][1].unknown_since_s != self._queue[0][0]:
            self._queue.popleft()
