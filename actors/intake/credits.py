"""How many payments each bridge session may send, so that the backlog stays within its bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.values import Withheld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.recipient import Recipient

_LASTING_FIRST = (Withheld.PROMISE_LOST, Withheld.MEMORY_FULL, Withheld.STORE_AWAY)
WINDOW_MAX = 2048
"""Unused credit of one session at most: two seconds of a busy API, 64 KiB of frames."""


class Credits:
    """Credit granted to sessions and not used yet. Together with what is held it stays within ``capacity``.

    What a session has sent and isn't on record yet counts against its window: a journal that stands still holds back as
    much as a window for each session, and so many messages at most follow when it goes on.

    Args:
        capacity: payments that may be held and granted, in all.
        window_max: unused credit of one session at most.
    """

    def __init__(self, capacity: int, window_max: int = WINDOW_MAX) -> None:
        self.capacity = capacity
        """Payments that may be held and granted, in all."""
        self._window = max(1, min(window_max, capacity // 4))
        self._unused: dict[Recipient, int] = {}
        self._storing: dict[Recipient, int] = {}
        self.withheld: set[Withheld] = set()
        """Why nothing is granted now; more than one reason may hold."""

    @property
    def suspended(self) -> Withheld | None:
        """Why nothing is granted: the reason that lasts longest. None while there is none."""
        return next((each for each in _LASTING_FIRST if each in self.withheld), None)

    @property
    def sessions(self) -> tuple[Recipient, ...]:
        """The sessions that are open."""
        return tuple(self._unused)

    def open(self, session: Recipient) -> None:
        """Enter a new session, without credit."""
        self._unused[session] = self._storing[session] = 0

    def close(self, session: Recipient) -> None:
        """Forget a session; its unused credit is free again."""
        self._unused.pop(session, None)
        self._storing.pop(session, None)

    def use(self, session: Recipient, payments: int, *, storing: bool = False) -> None:
        """Note that a session has sent payments on its credit. A session that is closed is none.

        Args:
            session: which one.
            payments: how many.
            storing: they are to be put on record first: ``stored`` follows.
        """
        if session in self._unused:
            self._unused[session] = max(0, self._unused[session] - payments)
            if storing:
                self._storing[session] += payments

    def stored(self, session: Recipient, payments: int) -> None:
        """Note that payments which a session has sent on its credit are on record."""
        if session in self._storing:
            self._storing[session] = max(0, self._storing[session] - payments)

    @property
    def is_due(self) -> bool:
        """Whether what a session may send and what it has in store are down to half its window."""
        storing = self._storing
        return any((unused + storing[each]) * 2 <= self._window for each, unused in self._unused.items())

    def grant(self, held: int) -> Iterator[tuple[Recipient, int]]:
        """Top up every session whose unused credit is down to half its window, as far as the capacity goes.

        Args:
            held: payments in the backlog now.

        Yields:
            A session and how many payments more it may send.
        """
        if self.suspended:
            return
        free = self.capacity - held - sum(self._unused.values())
        fair = max(1, free // max(1, len(self._unused)))
        for session, unused in self._unused.items():
            if free <= 0:
                return
            used_up = unused + self._storing[session]
            if used_up * 2 <= self._window:
                payments = min(self._window - used_up, fair)
                self._unused[session] += payments
                free -= payments
                yield session, payments
