"""The journal actor: puts facts on record before what follows from them happens, many at a time.

A commit costs about the same for one fact or a thousand. So while one runs, the facts that arrive are collected and
share the next (group commit). Two actors do it: the journal collects, its writer blocks in the store.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.facts import PaymentTaken
from actors.messages.journal import CheckStore, Commit, CommitFailed, Committed, Persist, StoreChanged, StoreChecked
from actors.runtime.alarm import Wake

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.journal.buffer import JournalBuffer
    from actors.recipient import Recipient
    from actors.runtime.clocks import Timers
    from actors.tracing import Recorder

logger = logging.getLogger(__name__)

RETRY_S = 0.5
"""A store that is full or away is tried again so often."""

CHECK_S = 0.4
"""How often it is looked whether the store is well; with nothing to write it is asked."""

_CHECK = -1
"""Stands for a check among the numbers of commits."""

SILENT_LOOKS = 4
"""A store that is at the same work at so many looks in a row is away: after 1.2 to 1.6 s, whatever it does later."""


class Look(NamedTuple):
    """Journal -> itself: it is time to look. Those of a behaviour that has crashed are ignored."""

    by: Journal


class Journal:
    """Collects facts, and releases what waits for them.

    Args:
        me: its own reference.
        buffer: what waits.
        writer: the actor that writes.
        intake: told when facts can't be put on record, and when they can again.
        on_broken: called with the reason if a fact can't even be collected; ends the process.
        timers: for trying again.
        recorder: told of payments that are on record.
    """

    def __init__(
        self,
        me: Recipient,
        buffer: JournalBuffer,
        writer: Callable[[], Recipient],
        intake: Callable[[], Recipient],
        on_broken: Callable[[str], None],
        timers: Timers,
        recorder: Recorder,
    ) -> None:
        self._me = me
        self._buffer = buffer
        self._writer = writer
        self._intake = intake
        self._on_broken = on_broken
        self._timers = timers
        self._recorder = recorder
        self._begun_ns = 0
        """When the commit under way was begun."""
        self._checking = False
        self._work = self._looks = 0
        """What the store was at when it was last looked, and at how many looks in a row."""

    def on_start(self) -> None:
        """After a restart, write again what was under way: entries may come twice."""
        self._write(self._buffer.under_way())
        self._look_later()

    def on_receive(self, message: Any) -> None:
        """Collect, release, or try again."""
        match message:
            case Persist():
                self._buffer.add(message)
                self._write(self._buffer.begin())
            case Committed(number, known):
                if self._buffer.is_under_way(number):
                    self._set_available(True)
                    self._note_stored()
                    # Told first, ended then: after a crash in between they are told twice, which does no harm.
                    for recipient, waiting in self._buffer.deliveries(known):
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
            case StoreChecked(fault):
                self._checking = False
                if fault and self._buffer.available:
                    logger.error("journal.unavailable", extra={"reason": fault, "retry_s": CHECK_S})
                if not self._buffer.number:
                    self._set_available(not fault)
            case Look(by):
                if by is self:
                    self._look()
                    self._look_later()
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

    def _look(self) -> None:
        """See whether the store answers: the same commit, or check, is under way for so many looks, or not."""
        work = _CHECK if self._checking else self._buffer.number
        if not work:
            self._checking, work = True, _CHECK
            self._writer().tell(CheckStore())
            self._work = 0
        self._looks = self._looks + 1 if work == self._work else 1
        self._work = work
        if self._looks >= SILENT_LOOKS and self._buffer.available:
            logger.error(
                "journal.silent", extra={"looks": self._looks, "look_s": CHECK_S, "waiting": len(self._buffer)}
            )
            self._set_available(False)

    def _look_later(self) -> None:
        self._timers.tell_after(CHECK_S, self._me, Look(self))

    def _write(self, commit: Commit | None) -> None:
        if commit is not None:
            if self._recorder.active:
                self._begun_ns = self._recorder.now_ns()
            self._writer().tell(commit)

    def _note_stored(self) -> None:
        recorder, begun_ns = self._recorder, self._begun_ns
        if not recorder.active:
            return
        took_ns, entries = recorder.now_ns() - begun_ns, self._buffer.entries()
        fields = {"facts": len(entries)}
        for entry in entries:
            if isinstance(entry, PaymentTaken):
                recorder.note(entry.payment_id, "journal.stored", begun_ns, took_ns, 0, "journal", fields)

    def _set_available(self, available: bool) -> None:
        if available != self._buffer.available:
            self._buffer.available = available
            self._intake().tell(StoreChanged(available))
