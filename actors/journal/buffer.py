"""What waits for the journal, and who is to be told once it is on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.facts import AttemptRefused, AttemptStarted, PaymentsPurged
from actors.journal.known import knowing
from actors.messages.journal import Commit, Persist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.facts import JournalEntry, Known
    from actors.recipient import Recipient

COMMIT_ENTRIES_MAX = 10_000
"""Of one commit, so that it lasts some tenths of a second whatever has gathered while the store was away."""

COMPACT_FROM = 10_000
"""So many facts may wait before those that later ones have made void are looked for."""


class JournalBuffer:
    """What waits to be written, and who is to be told then. It outlives the journal's restarts.

    It is bounded by what the intake holds: while the store is away no credit is given, and of the attempts of a payment
    that is tried again and again the last one alone is kept.
    """

    def __init__(self) -> None:
        self.available = True
        self._collected: list[Persist] = []
        self._committing: list[Persist] = []
        self._number = 0
        self._last: Persist | None = None
        self._compact_at = COMPACT_FROM

    def __len__(self) -> int:
        return len(self._collected) + len(self._committing)

    def add(self, persist: Persist) -> None:
        """Let facts wait for the next commit. What was added last is not added again: a crash may repeat it."""
        if persist is not self._last:
            self._collected.append(persist)
            self._last = persist
            if len(self._collected) >= self._compact_at:
                self._compact()

    def begin(self) -> Commit | None:
        """What waits, as one commit; None while one is under way, or if nothing waits."""
        if self._committing or not self._collected:
            return None
        entries = taken = 0
        while taken < len(self._collected) and (not taken or entries < COMMIT_ENTRIES_MAX):
            entries += len(self._collected[taken].entries)
            taken += 1
        self._committing, self._collected = self._collected[:taken], self._collected[taken:]
        self._number += 1
        return self.under_way()

    def under_way(self) -> Commit | None:
        """The commit that is under way, if there is one."""
        if not self._committing:
            return None
        return Commit(self._number, self.entries())

    def entries(self) -> tuple[JournalEntry, ...]:
        """The facts of the commit under way."""
        return tuple(entry for persist in self._committing for entry in persist.entries)

    @property
    def number(self) -> int:
        """The number of the commit under way; 0 without one."""
        return self._number if self._committing else 0

    def is_under_way(self, number: int) -> bool:
        """Whether this is the commit under way. One that was written twice ends twice."""
        return bool(self._committing) and number == self._number

    def deliveries(self, known: Sequence[Known] = ()) -> list[tuple[Recipient, Any]]:
        """Whom to tell what once the commit under way is on disk.

        Args:
            known: what the journal knew before of what was taken.
        """
        deliveries = [delivery for persist in self._committing for delivery in persist.then]
        if not known:
            return deliveries
        by_id = {each.payment_id: each for each in known}
        return [(recipient, knowing(message, by_id)) for recipient, message in deliveries]

    def end(self) -> None:
        """The commit under way is on disk, and everybody was told."""
        self._committing = []

    def _compact(self) -> None:
        epoch = max((each.epoch for each in self._entries() if isinstance(each, PaymentsPurged)), default=0)
        last = {each.payment_id: each for each in self._entries() if isinstance(each, AttemptStarted | AttemptRefused)}

        def counts(entry: JournalEntry) -> bool:
            if isinstance(entry, AttemptStarted | AttemptRefused):
                return entry.epoch >= epoch and last[entry.payment_id] is entry
            return entry.epoch >= epoch

        kept = [Persist(tuple(filter(counts, each.entries)), each.then) for each in self._collected]
        self._collected = [each for each in kept if each.entries or each.then]
        self._compact_at = max(COMPACT_FROM, 2 * len(self._collected))

    def _entries(self) -> list[JournalEntry]:
        return [entry for persist in self._collected for entry in persist.entries]
