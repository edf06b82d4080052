"""The sequences of one session's payments at the worker: which may come, and up to where they are decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.bridge.errors import ProtocolError

if TYPE_CHECKING:
    from actors.values import Verdict
    from rinha.bridge.protocol.wire.codec import PaymentRun


class Sequences:
    """What an API may send next. Nothing before ``begin``."""

    def __init__(self) -> None:
        self.acknowledged_through = 0
        self.limit = 0
        """Payments with sequences below it may come."""
        self._following = range(0)
        """The sequences that the next payment may have: one, but for the first payment of the session."""
        self._first_new = 0

    @property
    def received_through(self) -> int:
        """The sequence of the last payment received."""
        return self._following.start - 1

    def begin(self, first: int, first_new: int) -> None:
        """The session is open.

        Args:
            first: the sequence of the oldest payment in the API's outbox.
            first_new: that of its next new payment; those before it are redelivered.
        """
        self.acknowledged_through = first - 1
        self.limit = self._first_new = first_new
        self._following = range(first, first_new + 1)

    def take(self, run: PaymentRun) -> None:
        """Payments have come.

        Raises:
            ProtocolError: they are not those that may come.
        """
        first = run.first_sequence
        following = first + len(run.payments)
        if first not in self._following:
            raise ProtocolError(f"payment {first} where {self._following.start} follows")
        if run.redelivered and following > self._first_new:
            raise ProtocolError(
                f"payment {following - 1} can't be redelivered, {self._first_new} was the first new one"
            )
        if not run.redelivered and first < self._first_new:
            raise ProtocolError(f"payment {first} is not marked as redelivered, {self._first_new} is the first new one")
        if following > max(self.limit, self._first_new):
            raise ProtocolError(f"payment {following - 1} is beyond the credit, which ends before {self.limit}")
        self._following = range(following, following + 1)

    def acknowledge(self, through: int, exceptions: tuple[tuple[int, Verdict], ...]) -> None:
        """All payments up to ``through`` are decided.

        Raises:
            ValueError: the last call went further, ``through`` was never received, or the exceptions don't ascend from
                there; nothing has happened.
        """
        last = self.acknowledged_through
        if not last <= through <= self.received_through:
            raise ValueError(f"through {through}, outside of {last} to {self.received_through}")
        for sequence, _ in exceptions:
            if not last < sequence <= through:
                raise ValueError(f"an exception for {sequence} out of order, through {through}")
            last = sequence
        self.acknowledged_through = through
