"""The journal actor: puts facts on record before what follows from them happens, many at a time.

A commit costs about the same for one fact or a thousand. So while one runs, the facts that arrive are collected and
share the next (group commit). Two actors do it: the journal collects, its writer blocks in the store.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from actors.messages import Commit, CommitFailed, Committed, Persist, StoreChanged, Wake
from actors.ports import StoreBroken, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.ports import Recipient, Store, Timers

logger = logging.getLogger(__name__)

RETRY_S = 0.5
"""A store that is full or away is tried again so often."""


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


class Journal:
    """Collects facts, and releases what waits for them.

    Args:
        me: its own reference.
        buffer: what waits.
        writer: the actor that writes.
        intake: told when facts can't be put on record, and when they can again.
        on_broken: called with the reason if a fact can't even be collected; ends the process.
        timers: for trying again.
    """

    def __init__(
        self,
        me: Recipient,
        buffer: JournalBuffer,
        writer: Callable[[], Recipient],
        intake: Callable[[], Recipient],
        on_broken: Callable[[str], None],
        timers: Timers,
    ) -> None:
        self._me = me
        self._buffer = buffer
        self._writer = writer
        self._intake = intake
        self._on_broken = on_broken
        self._timers = timers

    def on_start(self) -> None:
        """After a restart, write again what was under way: entries may come twice."""
        self._write(self._buffer.under_way())

    def on_receive(self, message: Any) -> None:
        """Collect, release, or try again."""
        match message:
            case Persist():
                self._buffer.add(message)
                self._write(self._buffer.begin())
            case Committed(number):
                if self._buffer.is_under_way(number):
                    self._set_available(True)
                    # Told first, ended then: after a crash in between they are told twice, which does no harm.
                    for recipient, waiting in self._buffer.deliveries():
                        recipient.tell(waiting)
                    self._buffer.end()
                    self._write(self._buffer.begin())
            case CommitFailed(number) if not self._buffer.is_under_way(number):
                pass  # it was written twice, and the first time was not in vain
            case CommitFailed():
                logger.error("journal.unavailable", extra={"reason": message.reason, "retry_s": RETRY_S})
                self._set_available(False)
                self._timers.tell_after(RETRY_S, self._me, Wake())
            case Wake():
                self._write(self._buffer.under_way())
            case _:
                raise TypeError(f"the journal doesn't know {message!r}")

    def may_retry(self, message: Any) -> bool:
        """Any message: collecting, releasing and trying again may happen twice."""
        return True

    def on_give_up(self, message: Any) -> bool:
        """End the process: a later, cumulative acknowledgement would cover what isn't on record."""
        if not isinstance(message, Persist | Committed):
            return False
        self._on_broken("the journal failed again and again")
        return True

    def _write(self, commit: Commit | None) -> None:
        if commit is not None:
            self._writer().tell(commit)

    def _set_available(self, available: bool) -> None:
        if available != self._buffer.available:
            self._buffer.available = available
            self._intake().tell(StoreChanged(available))


class JournalWriter:
    """Blocks in the store, one commit at a time.

    Args:
        store: where entries are written.
        journal: told how each commit ended.
        on_broken: called with the reason when the store can't be trusted any more; ends the process.
    """

    def __init__(self, store: Store, journal: Recipient, on_broken: Callable[[str], None]) -> None:
        self._store = store
        self._journal = journal
        self._on_broken = on_broken

    def on_start(self) -> None:
        """Nothing to do."""

    def on_receive(self, message: Any) -> None:
        """Carry out a ``Commit``."""
        if not isinstance(message, Commit):
            raise TypeError(f"the journal's writer doesn't know {message!r}")
        try:
            if message.entries:
                self._store.append(message.entries)
        except StoreUnavailable as error:
            self._journal.tell(CommitFailed(message.number, str(error)))
        except StoreBroken as error:
            logger.critical("journal.broken", extra={"reason": str(error)})
            self._on_broken(str(error))
        else:
            self._journal.tell(Committed(message.number))

    def may_retry(self, message: Any) -> bool:
        """Yes: entries may come twice."""
        return True

    def on_give_up(self, message: Any) -> bool:
        """A store that fails in ways that it shouldn't can't be trusted."""
        self._on_broken("writing failed again and again")
        return True
