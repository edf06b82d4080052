"""Purges under way: which sessions have to adopt the epoch, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.facts import FeedMark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.recipient import Recipient

ADOPTION_TIMEOUT_S = 2.0
"""For so long a purge waits for an API to adopt the epoch. One that is dismissed adopts it when it comes back."""


class PendingPurge:
    """A purge that is done but for sessions in an older epoch.

    Args:
        epoch: the one to adopt.
        sessions: those that were open when it was raised.
        until_s: they have time until then, on the monotonic clock.
        reply_to: waits for it.
    """

    __slots__ = ("behind", "epoch", "reply_to", "until_s")

    def __init__(self, epoch: int, sessions: Iterable[Recipient], until_s: float, reply_to: Recipient) -> None:
        self.epoch = epoch
        self.behind = set(sessions)
        self.until_s = until_s
        self.reply_to = reply_to


class Purges:
    """The purges under way, in the order of their epochs. It outlives the intake's restarts.

    Attributes:
        mark: that of the last one that came from a stream.
    """

    def __init__(self) -> None:
        self.mark = FeedMark()
        self._pending: list[PendingPurge] = []

    def __bool__(self) -> bool:
        return bool(self._pending)

    @property
    def due_s(self) -> float | None:
        """When the first session is overdue, on the monotonic clock; None without any."""
        return min((each.until_s for each in self._pending if each.behind), default=None)

    def begin(self, epoch: int, sessions: Iterable[Recipient], now_s: float, reply_to: Recipient) -> None:
        """Wait for sessions to adopt an epoch."""
        self._pending.append(PendingPurge(epoch, sessions, now_s + ADOPTION_TIMEOUT_S, reply_to))

    def adopted(self, session: Recipient, epoch: int) -> None:
        """Wait no more for a session that has adopted an epoch."""
        for each in self._pending:
            if each.epoch <= epoch:
                each.behind.discard(session)

    def closed(self, session: Recipient) -> None:
        """Wait no more for a session that is gone."""
        for each in self._pending:
            each.behind.discard(session)

    def overdue(self, now_s: float) -> set[Recipient]:
        """The sessions that have had their time."""
        return {session for each in self._pending if each.until_s <= now_s for session in each.behind}

    def done(self) -> list[PendingPurge]:
        """The purges that wait for nobody. ``end`` takes them out."""
        return [each for each in self._pending if not each.behind]

    def end(self, purge: PendingPurge) -> None:
        """Forget a purge; whoever asked for it has been told."""
        self._pending.remove(purge)
