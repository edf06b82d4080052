"""The payments of an API on which the worker hasn't decided yet."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from actors.values import Verdict
from rinha.bridge.errors import ProtocolError
from rinha.bridge.protocol.events import PaymentsDecided

if TYPE_CHECKING:
    from actors.values import Payment


class Outbox:
    """Payments in the order of their sequences, which have no gaps.

    Each has the epoch it was submitted in, and the incarnation of the worker that it was sent to first.
    """

    def __init__(self) -> None:
        self.first = 1
        """The sequence of the oldest payment; ``next`` if there is none."""
        self.next = 1
        """The sequence that the next payment will get."""
        self._entries: deque[tuple[Payment, int, int]] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def payments(self) -> list[Payment]:
        """All payments, oldest first."""
        return [entry[0] for entry in self._entries]

    def oldest_incarnation(self) -> int | None:
        """The worker that the oldest payment was sent to first; None without any."""
        return self._entries[0][2] if self._entries else None

    def add(self, payment: Payment, epoch: int, incarnation: int) -> None:
        """Append a payment; it gets the sequence ``next``."""
        self._entries.append((payment, epoch, incarnation))
        self.next += 1

    def acknowledge(self, through: int, exceptions: tuple[tuple[int, Verdict], ...]) -> PaymentsDecided:
        """Remove the payments up to ``through``: they are taken, but for the exceptions.

        Raises:
            ProtocolError: sequences that aren't here or aren't ascending; nothing has happened.
        """
        last = self.first - 1
        if not last <= through < self.next:
            raise ProtocolError(f"an acknowledgement through {through}, outside of {last} to {self.next - 1}")
        for sequence, _ in exceptions:
            if not last < sequence <= through:
                raise ProtocolError(f"an acknowledgement through {through} with an exception for {sequence}")
            last = sequence
        decided = self._remove(through + 1 - self.first, Verdict.TAKEN)
        for sequence, verdict in exceptions:
            decided.verdicts[sequence - decided.first_sequence] = verdict
        return decided

    def purge_before(self, epoch: int) -> PaymentsDecided:
        """Remove the payments that were submitted in an older epoch; later ones are never before them."""
        return self._remove(sum(1 for entry in self._entries if entry[1] < epoch), Verdict.PURGED)

    def move_to(self, epoch: int) -> None:
        """Let every payment belong to this epoch."""
        self._entries = deque((payment, epoch, incarnation) for payment, _, incarnation in self._entries)

    def _remove(self, count: int, verdict: Verdict) -> PaymentsDecided:
        first = self.first
        popleft = self._entries.popleft
        payments = [popleft()[0] for _ in range(count)]
        self.first += count
        return PaymentsDecided(first, payments, [verdict] * count)
