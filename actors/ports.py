"""What the actors need of the world, as Protocols: whoever composes them decides what stands behind.

In the worker it is gevent, the system's clocks and HTTP; on the deterministic scheduler it is all simulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actors.facts import FeedMark, JournalEntry, Known, OpenPayment, SpanSum
    from actors.recipient import Recipient
    from actors.values import HealthReport, LedgerRow, Payment, Refused, Settled, Totals, Unknown


class ProcessorClient(Protocol):
    """The HTTP API of one payment processor. Calls block the calling actor alone, and never raise for what the
    processor or the network does.
    """

    def post(self, payment: Payment, requested_at_ms: int) -> Settled | Refused | Unknown:
        """``POST /payments``.

        Where the answer speaks of the id there, as a 422 or 409 does, a look-up follows: only the row tells whether it
        is committed, and by which attempt.

        Returns:
            ``Settled`` for a 200 (with the values sent) and for a row that was read then (with the row's values);
            ``Refused`` if certainly not committed by this call: an empty 500, no connection, an answer that may be a
            verdict on the payment (``permanent``), or one that says nothing of it (``turned_away``); ``Unknown``
            otherwise.
        """
        ...

    def find(self, payment_id: bytes) -> Settled | Refused | Unknown:
        """``GET /payments/{id}``.

        Returns:
            ``Settled`` with the row's values; ``Refused`` if the processor answered that there is none now (404);
            ``Unknown`` if there was no usable answer.
        """
        ...

    def health(self) -> HealthReport | None:
        """``GET /payments/service-health``, or None without a usable answer. The caller keeps to one call per 5 s."""
        ...


class Relay(Protocol):
    """Tells others what follows from facts, before or after those are on record: see ``relay.py``."""

    records: bool
    """Whether facts go anywhere at all."""
    waits: bool
    """Whether others are told only once the facts are on disk."""

    def after(
        self,
        entries: Sequence[JournalEntry],
        *then: tuple[Recipient, Any],
        stored: Sequence[tuple[Recipient, Any]] = (),
    ) -> None:
        """State facts, and have others told. What was stated first is told first.

        Args:
            entries: the facts.
            then: whom to tell what, once the facts are as safe as ``waits`` says.
            stored: the same, but once they are on disk in any case, if they go anywhere.
        """
        ...


class StoreUnavailable(Exception):
    """The store could not write: its disk is full, or its server away. Append the same entries again until it can."""


class StandingBy(StoreUnavailable):
    """Other workers hold all there is to hold. One of them may end: ask again soon."""


class StoreBroken(Exception):
    """The store can't be trusted any more: it failed to sync, or what it holds is damaged. The process must end."""


class RowsArchived(StoreUnavailable):
    """A sum over a part of a second was asked for, and a person has archived that second's rows. Whole seconds work."""

    def __init__(self) -> None:
        super().__init__("the rows of that second are archived; ask for whole seconds")


SUM_MS = 60_000
"""How long the spans are whose sums are held in memory: a year of minutes takes some 20 MB a processor."""


class History(Protocol):
    """The settled payments of a journal, for whoever asks about old ones. Calls block the caller alone.

    What it tells is what was committed when it was asked. Each call may raise ``StoreUnavailable`` or ``StoreBroken``.
    """

    blocks_thread: bool
    """Whether a call blocks its whole thread, all greenlets of it. Then all calls must come from the same one."""

    def totals(self, epoch: int, spans: Sequence[tuple[int, int]]) -> dict[str, Totals] | None:
        """Count and sum what was requested in some spans of time, each within one ``SUM_MS``.

        Args:
            epoch: whose payments.
            spans: from and to, in ms; the end is not in it.

        Returns:
            Totals by processor, without those that have none; None if the present epoch is another one.

        Raises:
            RowsArchived: a span begins or ends within a second whose rows a person has archived.
        """
        ...

    def rows(self, epoch: int, start: int, limit: int) -> list[LedgerRow] | None:
        """At most ``limit`` rows from index ``start`` on, in the order of their settling; None as in ``totals``.

        To go on where the call before ended costs no more, however far that is.
        """
        ...

    def row(self, epoch: int, payment_id: bytes) -> LedgerRow | None:
        """The row of a settled payment; None if there is none in that epoch."""
        ...

    def close(self) -> None:
        """Give back what it holds. To close twice is fine."""
        ...


class Store(Protocol):
    """Where the journal is kept. Calls block the calling actor alone."""

    def epoch(self) -> int:
        """The present epoch; 0 in a new store.

        Raises:
            StoreUnavailable: it can't be read now.
            StoreBroken: what is there is damaged or not ours. It is left as it is.
        """
        ...

    def journal_id(self) -> bytes:
        """The 16 bytes that this journal was given when it was made, and keeps for good.

        Raises:
            StoreUnavailable, StoreBroken: as ``epoch``.
        """
        ...

    def sums(self) -> Sequence[SpanSum]:
        """The sums of the present epoch's settled payments by minute (``SUM_MS``) and processor, in order of time.

        They are kept with the settlements, in the same transaction, so that they are read without reading those.
        """
        ...

    def settled(self, from_ms: int | None = None) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        """The settled payments of the present epoch in the order of their settling, in chunks of some thousands.

        Args:
            from_ms: only those whose ``requestedAt`` is at this instant or later; read without reading the others.

        Yields:
            Tuples of id, amount in cents as taken, processor, amount in cents as settled, ``requestedAt`` in ms.
        """
        ...

    def open(self) -> list[OpenPayment]:
        """The payments of the present epoch that are not settled, in the order of their taking."""
        ...

    def written_off(self) -> list[Payment]:
        """The payments of the present epoch that a person has written off, with the amounts they were taken with."""
        ...

    def shard(self) -> int:
        """Which of several parts of all payments it holds; 0 if there is but one.

        Raises:
            StandingBy: all of them are held by other workers.
        """
        ...

    def feed_mark(self) -> FeedMark:
        """That of the last purge that came from a stream."""
        ...

    def keep_place(self) -> None:
        """Say that this worker is alive, where another one could take its place; to be said every second.

        Raises:
            StoreUnavailable, StoreBroken: as ``check``.
        """
        ...

    def append(self, entries: Sequence[JournalEntry]) -> Sequence[Known]:
        """Write entries in one transaction. They are on disk when this returns.

        Entries may come twice, and those of an earlier epoch change nothing.

        Returns:
            Of the ids that came as ``PaymentTaken``, those that are settled or written off, by this append or one
            before. They are not taken again.

        Raises:
            StoreUnavailable: perhaps nothing was written; append the same entries again until that succeeds.
            StoreBroken: it is not known what was written, and never will be.
            ValueError: an id has not 16 bytes, or a number not 64 bits; nothing was written.
        """
        ...

    def history(self) -> History:
        """What tells of settled payments beside this: over a connection of its own, for another thread."""
        ...

    def check(self) -> None:
        """See whether it is still there, without writing.

        Raises:
            StoreUnavailable: it can't be reached now, or isn't where it was.
            StoreBroken: it is another one.
        """
        ...

    def interrupt(self) -> None:
        """Have the call that is at work in another thread fail soon, if that is possible. Doesn't block."""
        ...

    def close(self) -> None:
        """Give back what it holds. To close twice is fine."""
        ...
