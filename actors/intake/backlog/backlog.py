"""What the intake holds: payments that wait, are in flight, have an unknown outcome, are parked or written off.

``Backlog`` knows nothing of who sends what where; it keeps each payment in exactly one state, and its counts true: with
``Ids``, all that were ever taken, ``Held``, a place for each state, and ``Outcomes``, what attempts lead to. Each
method either happens or, if it raises, leaves everything as it was; results for payments that it doesn't hold (any
more) change nothing, so a message may be handled twice.

::

    take ─▶ WAITING ─dispatch─▶ IN FLIGHT ─settle─▶ forgotten, but for its id and amount
               ▲  ▲                │   │ ▲
               │  └──rest, refuse──┘   │ └─dispatch_due────┐
               └──retry── PARKED ◀─────┤                   │
                            └──────────┴─mark_unknown─▶ UNKNOWN   (never back to WAITING: it may be committed there)

A parked payment of unknown outcome is in flight now and then, to be looked up, and parked again after it.

Two detours: where the journal has a say a payment is *storing* before it waits, and counts as waiting; and one that a
worker before this one may have sent is first looked for at every processor, and counts as unknown. A person may end
what is unknown or parked: ``closing.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.intake.backlog.entry import Entry, State
from actors.intake.backlog.held import Held
from actors.intake.backlog.ids import Ids
from actors.intake.backlog.outcomes import Outcomes
from actors.intake.backlog.parked import PARKING
from actors.packed.id_map import RECORDS_PER_BUCKET
from actors.reports import Statistics
from actors.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from actors.facts import Known
    from actors.intake.backlog.parked import Parking
    from actors.values import Payment


class Backlog:
    """The payments of one epoch, each id in one state. It outlives the intake actor's restarts.

    Args:
        processors: the processors' names.
        epoch: the epoch to begin in.
        started_s: when this worker started, on the monotonic clock.
        parking: when a payment is parked that is itself at fault.
        ids_max: ids to hold at most, where a journal knows all; None holds every one.
        records_per_bucket: of the map of known ids.

    Attributes:
        processors: the processors' names.
        epoch: the present epoch. What follows is made anew with each.
        ids: every id that was ever taken, or the newest.
        held: the payments that aren't settled.
        settled: how many are.
        outcomes: told what came of attempts.
        newly_taken: payments taken since the intake last stated to the journal which it took, and cleared this.
    """

    def __init__(
        self,
        processors: Sequence[str],
        epoch: int = 0,
        started_s: float = 0.0,
        *,
        parking: Parking = PARKING,
        ids_max: int | None = None,
        records_per_bucket: int = RECORDS_PER_BUCKET,
    ) -> None:
        self._id_sizes = records_per_bucket, ids_max
        self.processors = tuple(processors)
        self._started_s = started_s
        self._parking = parking
        self.epoch = epoch
        self._purged = 0
        self._begin()

    def _begin(self) -> None:
        self.ids = Ids(*self._id_sizes)
        self.held = Held(self.processors)
        self.outcomes = Outcomes(self.held, self.processors, self._started_s, self._parking)
        self.newly_taken: list[Payment] = []
        self.settled = 0
        # As often as once a payment, so straight at hand.
        self._entries, self._waiting, self._in_flight = self.held.entries, self.held.waiting, self.held.in_flight

    def take(
        self, payment: Payment, now_s: float, *, storing: bool = False, hold: bool = False, suspect: bool = False
    ) -> Verdict:
        """Take a payment, unless its id is known: then the amount decides between a duplicate and a conflict.

        Args:
            payment: the payment.
            now_s: the present, on the monotonic clock.
            storing: nothing happens to it before ``stored`` or ``take_back``: the journal may know it.
            hold: it can't be sent before ``release``.
            suspect: a worker before this one may have sent it already.
        """
        if self.ids.forgets and (held := self._entries.get(payment.payment_id)) is not None:
            return self.ids.compare(payment, held.payment.amount_cents)
        known = self.ids.enter(payment)
        if known is not None:
            return known
        self.newly_taken.append(payment)
        entry = self._entries[payment.payment_id] = Entry(payment, now_s)
        if storing:
            if suspect:
                entry.suspect = True
            self.held.storing[payment.payment_id] = entry
        else:
            self._go_on(entry, now_s, hold=hold, suspect=suspect)
        return Verdict.TAKEN

    def _go_on(self, entry: Entry, now_s: float, *, hold: bool, suspect: bool) -> None:
        if suspect:
            self.outcomes.ask_everywhere(entry, now_s)
        elif hold:
            self.held.held_back[entry.payment.payment_id] = entry
        else:
            self._waiting.add(entry)

    def overtaken(self, payments: int) -> Verdict:
        """Count payments that belong to an earlier epoch; they aren't taken."""
        self._purged += payments
        return Verdict.PURGED

    def stored(self, payment_ids: Iterable[bytes], now_s: float, *, hold: bool = False) -> None:
        """Go on with payments that were storing; for the rest see ``take``."""
        for payment_id in payment_ids:
            entry = self.held.storing.pop(payment_id, None)
            if entry is not None:
                self._go_on(entry, now_s, hold=hold, suspect=entry.suspect)

    def take_back(self, known: Known) -> None:
        """A payment that is storing was settled, or written off, before: the journal knew its id."""
        entry = self.held.storing.pop(known.payment_id, None)
        if entry is not None:
            self._entries.pop(known.payment_id, None)
            self.ids.take_back(entry.payment, known)

    def release(self) -> None:
        """Let all payments that were held back wait."""
        for entry in self.held.held_back.values():
            self._waiting.add(entry)
        self.held.held_back.clear()

    def suspect_all(self, now_s: float) -> None:
        """The same as ``suspect`` for all that have not gone on."""
        self.suspect((*self.held.held_back, *self.held.storing), now_s)

    def suspect(self, payment_ids: Iterable[bytes], now_s: float) -> None:
        """Take note that a worker before this one may have sent payments: of those that have not gone on."""
        held_back, storing = self.held.held_back, self.held.storing
        for payment_id in payment_ids if held_back or storing else ():
            entry = held_back.pop(payment_id, None)
            if entry is not None:
                self.outcomes.ask_everywhere(entry, now_s)
            elif payment_id in storing:
                storing[payment_id].suspect = True

    def heads(self, now_s: float, besides: Collection[bytes] = ()) -> list[Entry]:
        """The oldest waiting payment of each kind, the oldest of them first; but none of those ids."""
        return self._waiting.heads(now_s, besides)

    @property
    def newest(self) -> Entry | None:
        """The newest waiting payment of those that nobody has refused; None without any."""
        return self._waiting.newest

    def resting(self) -> Iterator[Entry]:
        """Those that rest after a refusal, and are no heads."""
        return self._waiting.resting()

    @property
    def rested_s(self) -> float | None:
        """When the next rest ends, on the monotonic clock; None if nobody rests."""
        return self._waiting.rested_s

    def dispatch(self, entry: Entry, processor: str, requested_at_ms: int) -> None:
        """Note that a head, or one that rests, is now in flight, as a fresh attempt at a processor."""
        self._waiting.remove(entry)
        entry.processor, entry.requested_at_ms = processor, requested_at_ms
        self._in_flight[entry.payment.payment_id] = entry

    def unknown_due_s(self, processor: str) -> float | None:
        """When the next payment of unknown outcome at a processor is due, on the monotonic clock; None without any."""
        dues = self.held.unknown.due_s(processor), self.held.parked.due_s(processor)
        return min((each for each in dues if each is not None), default=None)

    def dispatch_due(self, processor: str, now_s: float) -> Entry | None:
        """Put the payment of unknown outcome at a processor that is due first in flight again, if one is due."""
        due = self.held.unknown.pop_due(processor, now_s) or self.held.parked.pop_due(processor, now_s)
        return self._in_flight_again(due, processor)

    def dispatch_bound(self, processor: str, unfit: Collection[bytes] = ()) -> Entry | None:
        """The same for the next one that was certainly sent there, due or not, as a probe; but none of ``unfit``."""
        return self._in_flight_again(self.held.unknown.pop_bound(processor, unfit), processor)

    def _in_flight_again(self, entry: Entry | None, processor: str) -> Entry | None:
        if entry is not None:
            entry.processor = processor
            self._in_flight[entry.payment.payment_id] = entry
        return entry

    def settle(self, payment_id: bytes) -> bool:
        """Forget a payment that is in the books, but for its id and amount.

        Returns:
            Whether it was in flight, or parked since.
        """
        entry = self._in_flight.pop(payment_id, None)
        if entry is None:
            entry = self.held.parked.pop(payment_id)
            if entry is None:
                return False
        self._entries.pop(payment_id, None)
        entry.unknown_since_s = None
        self.settled += 1
        return True

    def find(self, payment_id: bytes) -> tuple[State, Entry | None] | None:
        """Look for a payment.

        Returns:
            Its state, and its entry if it is held; None if the id isn't known.
        """
        entry = self._entries.get(payment_id)
        if entry is not None:
            return self.held.state_of(entry), entry
        if payment_id not in self.ids:
            return None
        return (State.WRITTEN_OFF if self.ids.is_written_off(payment_id) else State.SETTLED), None

    def settle_by_hand(self, entry: Entry) -> None:
        """Note that a payment, unknown or parked, is on its way into the books: it counts as in flight until then."""
        self._in_flight[entry.payment.payment_id] = entry
        self.held.end_doubt(entry)

    def write_off(self, entry: Entry) -> None:
        """Forget a payment, unknown or parked, but for its id and amount: it is never sent again."""
        self.ids.write_off(entry.payment.payment_id)
        self.held.end_doubt(entry)
        self._entries.pop(entry.payment.payment_id, None)

    def purge(self) -> int:
        """Forget everything.

        Returns:
            The new epoch.
        """
        self.epoch += 1
        self._begin()
        return self.epoch

    def statistics(self) -> Statistics:
        """The counts by state, each counted for itself; ``purged`` counts since the start."""
        return Statistics(
            epoch=self.epoch,
            accepted=self.ids.taken,
            settled=self.settled,
            waiting=self.held.waiting_count,
            in_flight=len(self._in_flight),
            unknown=len(self.held.unknown),
            parked=len(self.held.parked),
            written_off=self.ids.written_off,
            duplicates=self.ids.duplicates,
            conflicts=self.ids.conflicts,
            purged=self._purged,
            differing=self.outcomes.differing,
        )
