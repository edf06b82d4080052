"""What waits for the journal, and who is to be told once it is on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.messages import Commit, Persist

if TYPE_CHECKING:
    from actors.recipient import Recipient


class JournalBuffer:
    """What waits to be written, and who is to be told then. It outlives the journal's restarts."""

    def __init__(self) -> None:
        self.available = True
        self._collected: list[Persist] = []
        self._committing: list[Persist] = []
        self._number = 0
        self._last: Persist | None = None

    def add(self, persist: Persist) -> None:
        """Let facts wait for the next commit. What was added last is not added again: a crash may repeat it."""
        if persist is not self._last:
            self._collected.append(persist)
            self._last = persist

    def begin(self) -> Commit | None:
        """Everything that waits, as one commit; None while one is under way, or if nothing waits."""
        if self._committing or not self._collected:
            return None
        self._committing, self._collected = self._collected, []
        self._number += 1
        return self.under_way()

    def under_way(self) -> Commit | None:
        """The commit that is under way, if there is one."""
        if not self._committing:
            return None
        return Commit(self._number, tuple(entry for persist in self._committing for entry in persist.entries))

    def is_under_way(self, number: int) -> bool:
        """Whether this is the commit under way. One that was written twice ends twice."""
        return bool(self._committing) and number == self._number

    def deliveries(self) -> list[tuple[Recipient, Any]]:
        """Whom to tell what once the commit under way is on disk."""
        return [delivery for persist in self._committing for delivery in persist.then]

    def end(self) -> None:
        """The commit under way is on disk, and everybody was told."""
        self._committing = []
