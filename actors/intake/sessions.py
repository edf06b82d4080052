"""What the bridge's sessions are told: that they are let in, how much they may send, and when they may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.messages.journal import PromiseLost, StoreChanged
from actors.messages.sessions import CreditGranted, CreditRestored, CreditWithdrawn, MemoryChanged, SessionAdmitted
from actors.values import Withheld

if TYPE_CHECKING:
    from actors.intake.backlog.backlog import Backlog
    from actors.intake.credits import Credits
    from actors.intake.purges import Purges
    from actors.recipient import Recipient


class Sessions:
    """Tells the sessions.

    Args:
        backlog: what is held counts against the credit.
        credits: what they may send.
        purges: those under way wait for them.
    """

    def __init__(self, backlog: Backlog, credits: Credits, purges: Purges) -> None:
        self._backlog = backlog
        self._credits = credits
        self._purges = purges

    def open(self, session: Recipient) -> None:
        """Let a session in."""
        session.tell(SessionAdmitted(self._backlog.epoch))
        self._credits.open(session)
        if why := self._credits.suspended:
            session.tell(CreditWithdrawn(why))

    def close(self, session: Recipient) -> None:
        """Forget a session that is gone."""
        self._credits.close(session)
        self._purges.closed(session)

    def suspend(self, reason: StoreChanged | PromiseLost | MemoryChanged) -> None:
        """Take note that nothing more can be promised, or that it can again."""
        withheld = self._credits.withheld
        match reason:
            case StoreChanged():
                (withheld.discard if reason.available else withheld.add)(Withheld.STORE_AWAY)
            case MemoryChanged():
                (withheld.add if reason.full else withheld.discard)(Withheld.MEMORY_FULL)
            case PromiseLost():
                withheld.add(Withheld.PROMISE_LOST)
        why = self._credits.suspended
        for session in self._credits.sessions:
            session.tell(CreditRestored() if why is None else CreditWithdrawn(why))

    def grant(self) -> None:
        """Grant what is due."""
        if not self._credits.is_due:
            return
        for session, payments in self._credits.grant(len(self._backlog.held)):
            session.tell(CreditGranted(payments))
