"""The journal actor: puts facts on record before what follows from them happens, many at a time.

A commit costs about the same for one fact or a thousand. So while one runs, the facts that arrive are collected and
share the next (group commit). Two actors do it: the journal collects, its writer blocks in the store.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from actors.messages import Commit, CommitFailed, Committed, Persist, StoreChanged
from actors.runtime.alarm import Wake

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.journal.buffer import JournalBuffer
    from actors.recipient import Recipient
    from actors.runtime.clocks import Timers

logger = logging.getLogger(__name__)

RETRY_S = 0.5
"""A store that is full or away is tried again so often."""


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
