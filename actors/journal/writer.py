"""The actor that blocks in the store, one commit at a time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from actors.messages.journal import CheckStore, Commit, CommitFailed, Committed, StoreChecked
from actors.ports import StoreBroken, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.facts import JournalEntry
    from actors.ports import Store
    from actors.recipient import Recipient

logger = logging.getLogger(__name__)


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
        """Carry out a ``Commit``, or a ``CheckStore``."""
        try:
            match message:
                case Commit(number, entries):
                    self._journal.tell(self._commit(number, entries))
                case CheckStore():
                    self._journal.tell(self._check())
                case _:
                    raise TypeError(f"the journal's writer doesn't know {message!r}")
        except StoreBroken as error:
            logger.critical("journal.broken", extra={"reason": str(error)})
            self._on_broken(str(error))

    def _commit(self, number: int, entries: tuple[JournalEntry, ...]) -> Committed | CommitFailed:
        try:
            known = self._store.append(entries) if entries else ()
        except StoreUnavailable as error:
            return CommitFailed(number, str(error))
        return Committed(number, tuple(known))

    def _check(self) -> StoreChecked:
        try:
            self._store.check()
        except StoreUnavailable as error:
            return StoreChecked(str(error))
        return StoreChecked()

    def may_retry(self, message: Any) -> bool:
        """Yes: entries may come twice."""
        return True

    def on_give_up(self, message: Any) -> bool:
        """A store that fails in ways that it shouldn't can't be trusted."""
        self._on_broken("writing failed again and again")
        return True
