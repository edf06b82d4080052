"""How many payments an API may send, and why it may send none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.bridge.errors import NoCreditReason
from rinha.bridge.protocol.wire.frames import Credit, Withdrawal

if TYPE_CHECKING:
    from rinha.bridge.protocol.api.outbox import Outbox

MAX_OUTBOX = 65_536
"""Payments without a verdict, whatever the worker grants: some 20 MB, what an API's container can spare."""

_REASONS = {
    Withdrawal.NONE: NoCreditReason.FULL,
    Withdrawal.STORE_AWAY: NoCreditReason.STORE_AWAY,
    Withdrawal.PROMISE_LOST: NoCreditReason.PROMISE_LOST,
    Withdrawal.MEMORY_FULL: NoCreditReason.MEMORY_FULL,
}


class Allowance:
    """What the worker of an open session allows; nothing without one.

    Args:
        outbox: of the payments that were sent.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.limit = 0
        """Payments with sequences below it may be sent."""
        self._outbox = outbox
        self._withdrawn = Withdrawal.NONE

    @property
    def payments(self) -> int:
        """How many could be sent now."""
        return max(0, min(self.limit - self._outbox.next, MAX_OUTBOX - len(self._outbox)))

    @property
    def hindrance(self) -> NoCreditReason:
        """Why none could be sent in an open session, if none could."""
        return _REASONS[self._withdrawn]

    def begin(self) -> None:
        """A session is open, without credit yet."""
        self.limit = self._outbox.next

    def change(self, credit: Credit) -> None:
        """Take the worker's word. What was granted is nothing while it is withdrawn, until it is granted again."""
        self._withdrawn = credit.withdrawn
        self.limit = 0 if credit.withdrawn else max(self.limit, credit.limit)

    def end(self) -> None:
        """The session is over."""
        self.limit = 0
        self._withdrawn = Withdrawal.NONE
