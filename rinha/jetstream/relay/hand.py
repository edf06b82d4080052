"""The messages that a relay has in hand: what is to be done with each, and in which order. Sans I/O.

Payments go to the worker in the order in which their messages came. A purge waits for the verdicts on all that went
before it, and nothing goes past it. A message is done when each of its payments has a verdict.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from rinha.jetstream.batch import BatchError, PurgeOrder, decode
from rinha.jetstream.names import shard_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from actors.facts import FeedMark
    from actors.values import Payment


class WrongShard(BatchError):
    """A message holds payments of another shard: its publisher counts the shards otherwise."""


class Held:
    """One message in hand.

    Args:
        sequence: in the stream.
        reply_to: where it is acknowledged; each delivery has another one, and the newest counts.
        payments: of the message; empty for a purge.
        purge: what it orders, if it is one.

    Attributes:
        undecided: how many payments have no verdict yet; 1 for a purge that isn't carried out.
    """

    __slots__ = ("payments", "purge", "reply_to", "sent", "sequence", "undecided")

    def __init__(
        self, sequence: int, reply_to: str, payments: Sequence[Payment] = (), purge: PurgeOrder | None = None
    ) -> None:
        self.sequence = sequence
        self.reply_to = reply_to
        self.payments = payments
        self.purge = purge
        self.sent = 0
        self.undecided = 1 if purge is not None else len(payments)

    @property
    def is_done(self) -> bool:
        """Whether it can be acknowledged."""
        return not self.undecided


class Place(NamedTuple):
    """Which messages a relay may take.

    Args:
        shard: the worker's.
        shards: how many there are.
        mark: the last purge that the worker has carried out.
        stream: this stream, by when it was made.
    """

    shard: int
    shards: int
    mark: FeedMark
    stream: str


class Hand:
    """All messages in hand.

    Args:
        place: of the worker behind.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        # A stream that was made anew counts anew.
        self._purged_through = place.mark.through if place.mark.stream == place.stream else 0
        self._held: dict[int, Held] = {}
        self._to_send: deque[Held] = deque()
        self._sent: dict[int, Held] = {}
        """By the bridge's sequence."""

    def __len__(self) -> int:
        """How many messages."""
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        return iter(self._held.values())

    @property
    def unsent(self) -> int:
        """How many messages the worker hasn't been given wholly."""
        return len(self._to_send)

    def take(self, sequence: int, reply_to: str, data: bytes) -> Held:
        """Take a message that was delivered, perhaps once more.

        Returns:
            It; done already if a purge that was carried out has overtaken it, or if it only waits to be acknowledged.

        Raises:
            BatchError: it isn't for this worker (``WrongShard``), or can't be read. It isn't in hand.
        """
        held = self._held.get(sequence)
        if held is not None:
            held.reply_to = reply_to
            return held
        order = decode(data)
        if isinstance(order, PurgeOrder):
            held = Held(sequence, reply_to, purge=order)
        else:
            self._check(order.payments)
            held = Held(sequence, reply_to, order.payments if sequence > self._purged_through else ())
        self._held[sequence] = held
        if not held.is_done:
            self._to_send.append(held)
        return held

    def send(self, credit: int, submit: Callable[[Payment], int]) -> None:
        """Give the worker what it has credit for.

        Args:
            credit: so many payments at most.
            submit: gives it one; returns the bridge's sequence.
        """
        while self._to_send:
            held = self._to_send[0]
            if held.purge is not None:
                return
            if held.sequence <= self._purged_through and not held.sent:
                held.undecided = 0  # purged while it waited for its turn
            else:
                part = held.payments[held.sent : held.sent + credit]
                for each in part:
                    self._sent[submit(each)] = held
                held.sent += len(part)
                credit -= len(part)
                if held.sent < len(held.payments):
                    return
            self._to_send.popleft()

    @property
    def due_purge(self) -> Held | None:
        """The purge whose turn it is: everything before it has a verdict."""
        if self._to_send and self._to_send[0].purge is not None and not self._sent:
            return self._to_send[0]
        return None

    def purged(self, held: Held) -> None:
        """The due purge is carried out, and on record."""
        self._purged_through = max(self._purged_through, held.sequence)
        held.undecided = 0
        self._to_send.popleft()

    def decided(self, sequences: range) -> None:
        """The payments with these sequences of the bridge have verdicts."""
        for sequence in sequences:
            held = self._sent.pop(sequence, None)
            if held is not None:
                held.undecided -= 1

    def forget(self, held: Held) -> None:
        """It is acknowledged."""
        self._held.pop(held.sequence, None)

    def _check(self, payments: Sequence[Payment]) -> None:
        shard, shards, *_ = self._place
        for each in payments:
            if shard_of(each.payment_id, shards) != shard:
                raise WrongShard(f"payments of another shard than {shard} of {shards}")
