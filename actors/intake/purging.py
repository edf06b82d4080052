"""How a purge is carried out: everybody is told, and whoever asked hears of it once no session is in an older epoch."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from actors.facts import PaymentsPurged
from actors.intake.hops import note_each
from actors.messages.people import PurgeDone
from actors.messages.sessions import EpochRaised, SessionDismissed
from actors.messages.settling import ForgetPayments

if TYPE_CHECKING:
    from actors.facts import FeedMark
    from actors.intake.backlog.backlog import Backlog
    from actors.intake.credits import Credits
    from actors.intake.earlier import Earlier
    from actors.intake.purges import Purges
    from actors.ports import Relay
    from actors.recipient import Recipient
    from actors.runtime.clocks import Clock
    from actors.tracing import Recorder

logger = logging.getLogger(__name__)


class Purger:
    """Forgets every payment, and sees to it that everybody else does.

    Args:
        backlog: raises the epoch.
        earlier: what workers before this one were sent; that is forgotten, too.
        credits: knows the sessions.
        purges: those under way.
        ledger: told of it.
        relay: how far the journal goes before whoever asked is answered.
        clock: for sessions that are overdue.
        recorder: told of payments that were held.
    """

    def __init__(
        self,
        backlog: Backlog,
        earlier: Earlier,
        credits: Credits,
        purges: Purges,
        ledger: Recipient,
        relay: Relay,
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._backlog = backlog
        self._earlier = earlier
        self._credits = credits
        self._purges = purges
        self._ledger = ledger
        self._relay = relay
        self._clock = clock
        self._recorder = recorder

    def purge(self, reply_to: Recipient, mark: FeedMark) -> None:
        """Begin a purge; ``reply_to`` is told ``PurgeDone`` when ``conclude`` finds that it is over.

        Args:
            reply_to: whoever waits for it.
            mark: where it stands in a stream, if it comes from one. What was carried out already isn't once more: it
                would take payments with it that came behind it.
        """
        now_s = self._clock.monotonic_s()  # first: what is half done must not look as if it had been carried out
        if self._purges.mark.covers(mark):
            self._purges.begin(self._backlog.epoch, (), now_s, reply_to)
            return
        note_each(self._recorder, "purged", self._backlog.held)
        epoch = self._backlog.purge()
        self._earlier.forget()
        logger.info("intake.purged", extra={"epoch": epoch})
        if mark.stream:
            self._purges.mark = mark
        self._relay.after((PaymentsPurged(epoch, self._purges.mark),))
        self._ledger.tell(ForgetPayments(epoch))
        self._purges.begin(epoch, self._credits.sessions, now_s, reply_to)
        self.tell_epoch()

    def tell_epoch(self) -> None:
        """Tell every session in which epoch it is to be."""
        for session in self._credits.sessions:
            session.tell(EpochRaised(self._backlog.epoch))

    def conclude(self) -> float | None:
        """End the purges that wait for no session any more, and dismiss the sessions that are overdue.

        Returns:
            In how many seconds to look again; None if there is no need.
        """
        now_s = self._clock.monotonic_s()
        for session in self._purges.overdue(now_s):
            session.tell(SessionDismissed("it did not adopt the new epoch"))
            self._purges.closed(session)
        for purge in self._purges.done():
            # With a durable journal that is once the purge is on record: it was stated before.
            self._relay.after((), (purge.reply_to, PurgeDone(purge.epoch)))
            self._purges.end(purge)
        due_s = self._purges.due_s
        return None if due_s is None else due_s - now_s
