"""What the bridge's sessions are told: that they are let in, how much they may send, and when they may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.messages.journal import PromiseLost, StoreChanged
from actors.messages.sessions import CreditGranted, CreditRestored, CreditWithdrawn, SessionAdmitted

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
        if self._credits.suspended:
            session.tell(CreditWithdrawn(self._credits.promise_lost))

    def close(self, session: Recipient) -> None:
        """Forget a session that is gone."""
        self._credits.close(session)
        self._purges.closed(session)

    def suspend(self, reason: StoreChanged | PromiseLost) -> None:
        """Take note that nothing more can be promised, or that it can again."""
        credits = self._credits
        if isinstance(reason, StoreChanged):
            credits.store_away = not reason.available
        else:
            credits.promise_lost = True
        for session in credits.sessions:
            session.tell(CreditWithdrawn(self._credits.promise_lost) if credits.suspended else CreditRestored())

    def grant(self) -> None:
        """Grant what is due."""
        if not self._credits.is_due:
            return
        for session, payments in self._credits.grant(len(self._backlog.held)):
            session.tell(CreditGranted(payments))
