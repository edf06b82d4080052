"""What the intake holds: payments that wait, are in flight, have an unknown outcome, are parked or written off.

``Backlog`` knows nothing of who sends what where; it keeps each payment in exactly one state, and its counts true. Each
method either happens or, if it raises, leaves everything as it was; results for payments that it doesn't hold (any
more) change nothing, so a message may be handled twice.

::

    take ─▶ WAITING ─dispatch─▶ IN FLIGHT ─settle─▶ forgotten, but for its id and amount
               ▲  ▲                │   │ ▲
               │  └──rest, refuse──┘   │ └─dispatch_due────┐
               └──retry── PARKED ◀─────┤                   │
                            └──────────┴─mark_unknown─▶ UNKNOWN   (never back to WAITING: it may be committed there)

A parked payment of unknown outcome is in flight now and then, to be looked up, and parked again after it.

Two detours: with a durable journal a payment is *storing* before it waits, and counts as waiting; and one that a worker
before this one may have sent is first looked for at every processor, and counts as unknown. A person may end what is
unknown or parked: ``closing.py``.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from actors.intake import refusals
from actors.intake.doubts import Doubts, listed
from actors.intake.entry import CRASHES_MAX, LONGEST_DELAY_S, NOT_LOOKED_UP, Entry, State
from actors.intake.holds import HOLD_S
from actors.intake.parked import LOOK_UP_EVERY_S, Parked, Parking
from actors.intake.route import LOOK_UPS_MIN, routes
from actors.intake.unknowns import RETRY_MAX_S, Unknowns
from actors.intake.waiting import Waiting
from actors.packed.id_map import RECORDS_PER_BUCKET, IdMap
from actors.values import ParkedPayment, Statistics, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from actors.values import OpenPayment, Payment, UnknownPayment


class Backlog:
    """The payments of one epoch, each id in one state. It outlives the intake actor's restarts.

    Args:
        processors: the processors' names.
        epoch: the epoch to begin in.
        started_s: when this worker started, on the monotonic clock.
        parking: when a payment is parked that is itself at fault.
        records_per_bucket: of the map of known ids.
    """

    def __init__(
        self,
        processors: Sequence[str],
        epoch: int = 0,
        started_s: float = 0.0,
        *,
        parking: Parking = Parking(),  # noqa: B008  # it never changes
        records_per_bucket: int = RECORDS_PER_BUCKET,
    ) -> None:
        self._records_per_bucket = records_per_bucket
        self._processors = tuple(processors)
        self._parking = parking
        self._settles = dict.fromkeys(processors, 0)
        self._silent_s = started_s + LONGEST_DELAY_S
        """From then on nothing that an earlier worker has sent can be committed any more."""
        self.epoch = epoch
        self._purged = 0
        self._clear()

    def _clear(self) -> None:
        self._known = IdMap(self._records_per_bucket)  # to the amount
        self._storing: dict[bytes, Entry] = {}
        self.newly_taken: list[Payment] = []
        """Payments taken since the intake last stated to the journal which it took, and cleared this."""
        self._waiting = Waiting()
        self._in_flight: dict[bytes, Entry] = {}
        self._unknown = Unknowns(self._processors)
        self.doubts = Doubts()
        """The payments of unknown outcome, for whoever warns of them."""
        self._parked = Parked(self._processors)
        self.newly_parked: list[ParkedPayment] = []
        """Payments parked since somebody was told of them, and cleared this."""
        self._written_off: set[bytes] = set()
        self.routes = routes(self._processors)
        """What is known of the way to each processor."""
        self._settled = self._duplicates = self._conflicts = self._differing = 0

    def take(self, payment: Payment, now_s: float, *, storing: bool = False, suspect: bool = False) -> Verdict:
        """Take a payment, unless its id is known: then the amount decides between a duplicate and a conflict.

        Args:
            payment: the payment.
            now_s: the present, on the monotonic clock.
            storing: it can't be sent before ``stored`` or ``release``.
            suspect: a worker before this one may have sent it already.
        """
        known_cents = self._known.get(payment.payment_id)
        if known_cents < 0:
            self._known.add(payment.payment_id, payment.amount_cents)
            self.newly_taken.append(payment)
            entry = Entry(payment, now_s)
            if suspect:
                self._ask_everywhere(entry, now_s)
            elif storing:
                self._storing[payment.payment_id] = entry
            else:
                self._waiting.add(entry)
            return Verdict.TAKEN
        if known_cents == payment.amount_cents:
            if payment.payment_id in self._written_off:
                return Verdict.WRITTEN_OFF
            self._duplicates += 1
            return Verdict.TAKEN
        self._conflicts += 1
        return Verdict.CONFLICT

    def overtaken(self, payments: int) -> Verdict:
        """Count payments that belong to an earlier epoch; they aren't taken."""
        self._purged += payments
        return Verdict.PURGED

    def stored(self, payment_ids: Iterable[bytes]) -> None:
        """Let payments that were storing wait."""
        for payment_id in payment_ids:
            entry = self._storing.pop(payment_id, None)
            if entry is not None:
                self._waiting.add(entry)

    def release(self) -> None:
        """Let all payments that were storing wait."""
        self.stored(tuple(self._storing))

    def suspect_all(self, now_s: float) -> None:
        """The same as ``suspect`` for all that are storing."""
        self.suspect(tuple(self._storing), now_s)

    def suspect(self, payment_ids: Iterable[bytes], now_s: float) -> None:
        """Take note that a worker before this one may have sent payments: of those that are storing now."""
        for payment_id in payment_ids if self._storing else ():
            entry = self._storing.pop(payment_id, None)
            if entry is not None:
                self._ask_everywhere(entry, now_s)

    def restore_settled(self, amounts_cents: IdMap) -> None:
        """Begin with the settled payments of a journal: the amounts that they were taken with; it is its own now."""
        self._known = amounts_cents
        self._settled = len(amounts_cents)

    def restore_open(self, open_: Iterable[OpenPayment], now_s: float, *, suspect: bool) -> None:
        """Go on with the payments of a journal that aren't settled.

        Args:
            open_: the payments.
            now_s: the present, on the monotonic clock.
            suspect: the journal may lack the last attempts, so each may have been sent anywhere.
        """
        for payment, processor, requested_at_ms, crashes in open_:
            self._known.add(payment.payment_id, payment.amount_cents)
            entry = Entry(payment, now_s)
            entry.crashes = crashes
            if processor and not suspect:
                entry.processor, entry.requested_at_ms, entry.bound = processor, requested_at_ms, True
            if crashes >= CRASHES_MAX:
                entry.unasked = list(self._processors) if suspect else []
                self._park(entry, _crashed(entry))
            elif entry.bound:
                entry.reason = "a worker before this one sent it there"
                entry.clean = False  # what came of that attempt, or of one before it, isn't on record
                self.doubts.begin(entry, now_s)
                self._unknown.push(entry, now_s)
            elif suspect:
                self._ask_everywhere(entry, now_s)
            else:
                self._waiting.add(entry)

    def restore_written_off(self, payments: Iterable[Payment]) -> None:
        """Go on with the payments of a journal that are written off."""
        for payment in payments:
            self._known.add(payment.payment_id, payment.amount_cents)
            self._written_off.add(payment.payment_id)

    @property
    def has_unsent(self) -> bool:
        """Whether anything waits, has an unknown outcome, or is to be looked up."""
        return bool(self._waiting) or bool(self._unknown) or self._parked.has_look_ups

    def heads(self, now_s: float, besides: Collection[bytes] = ()) -> list[Entry]:
        """The oldest waiting payment of each kind, the oldest of them first; but none of those ids."""
        return self._waiting.heads(now_s, besides)

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
        dues = self._unknown.due_s(processor), self._parked.due_s(processor)
        return min((each for each in dues if each is not None), default=None)

    def dispatch_due(self, processor: str, now_s: float) -> Entry | None:
        """Put the payment of unknown outcome at a processor that is due first in flight again, if one is due."""
        due = self._unknown.pop_due(processor, now_s) or self._parked.pop_due(processor, now_s)
        return self._in_flight_again(due, processor)

    def dispatch_bound(self, processor: str, unfit: Collection[bytes] = ()) -> Entry | None:
        """The same for the next one that was certainly sent there, due or not, as a probe; but none of ``unfit``."""
        return self._in_flight_again(self._unknown.pop_bound(processor, unfit), processor)

    def note_settled(self, processor: str) -> None:
        """Note that a processor has settled a post: what it refuses to others meanwhile is their own affair."""
        self._settles[processor] += 1

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
            found = self._parked.pop(payment_id)
            if found is None:
                return False
            entry, _reason = found
        entry.unknown_since_s = None
        self._settled += 1
        return True

    def differs(self, payment_id: bytes, settled_cents: int) -> bool:
        """Count a payment in flight that its processor holds with another amount than ours.

        Returns:
            Whether it is one, and wasn't counted before.
        """
        entry = self._in_flight.get(payment_id)
        if entry is None or entry.differs or entry.payment.amount_cents == settled_cents:
            return False
        entry.differs = True
        self._differing += 1
        return True

    def note_post(self, payment_id: bytes, reason: str, now_s: float) -> None:
        """Note that a payment in flight was posted, and what came of that."""
        entry = self._in_flight.get(payment_id)
        if entry is not None:
            entry.posted_at_s, entry.reason = now_s, reason

    def refuse(self, payment_id: bytes, reason: str, now_s: float, *, permanent: bool) -> bool:
        """Take back a payment that its attempt certainly did not commit.

        It is free for any processor, but rests first, ever longer. With ``permanent`` it may go to any other one, at
        once. It is parked if none is left that would have it: all have rejected it, or keep refusing it while they
        settle others. If its outcome was unknown before, this clears nothing, because an earlier attempt may be
        committed: it stays unknown.

        Returns:
            Whether it is free again: nothing of it can be committed anywhere.
        """
        entry = self._in_flight.get(payment_id)
        if entry is None:
            return False
        entry.reason = reason
        if entry.bound:
            self._wait_for_outcome(entry, now_s)
            return False
        del self._in_flight[payment_id]
        settles, entry.parked = self._settles[entry.processor], ""
        left = entry.refuse(now_s, settles, permanent=permanent, processors=self._processors)
        if refusals.is_hopeless(entry.refusals, left, self._parking.refusals):
            self._park(entry, entry.answers)
        elif permanent:
            self._waiting.add(entry)
        else:
            self._waiting.rest(entry, now_s + refusals.rest_s(entry.refusals))
        return True

    def mark_unknown(self, payment_id: bytes, now_s: float, *, crashed: bool = False, clean: bool = False) -> int:
        """Bind a payment in flight to its processor until its outcome there is known.

        It is parked if its actor keeps crashing on it, or if its processor settles others for too long meanwhile.

        Args:
            payment_id: the payment.
            now_s: the present, on the monotonic clock.
            crashed: its actor failed on it.
            clean: it was not posted this time, or answered 422: it isn't committed, unless it was before.

        Returns:
            How often its actor has crashed on it.
        """
        entry = self._in_flight.get(payment_id)
        if entry is None:
            return 0
        entry.clean = entry.clean and clean
        if not entry.unasked:
            entry.bound = True
        entry.crashes += crashed
        if entry.crashes >= CRASHES_MAX and not entry.parked:
            self.park(payment_id, _crashed(entry))
        else:
            self._wait_for_outcome(entry, now_s)
        return entry.crashes

    def absent(
        self, payment_id: bytes, now_s: float, *, asked_s: float, witnessed: bool = False, heard_of: bool = False
    ) -> None:
        """Note that a payment in flight was looked for at its processor, and isn't there now, as far as one can see.

        If it is only suspected there, and the route can be believed, the next suspect is asked, and after the last one
        it waits like any other. If its outcome there is unknown, that ends it only where a 422 was all that ever came.

        Args:
            payment_id: the payment.
            now_s: the present, on the monotonic clock.
            asked_s: when the look-up was begun.
            witnessed: a row that is known to be there was found.
            heard_of: something was heard of the processor lately.
        """
        entry = self._in_flight.get(payment_id)
        if entry is None:
            return
        name, route = entry.processor, self.routes[entry.processor]
        absences = entry.absences or {}
        absence = route.looked_up(absences.get(name, NOT_LOOKED_UP), asked_s, now_s, witnessed=witnessed)
        entry.absences = {**absences, name: absence}
        if entry.unasked:
            is_absent = route.vouches_for(absence) or (heard_of and route.is_past_proof(absence))
            self._ask_next(entry, now_s, is_absent=is_absent)
        elif (
            entry.clean
            and asked_s - entry.posted_at_s > LONGEST_DELAY_S
            and route.vouches_for(absence, look_ups=LOOK_UPS_MIN)
        ):
            entry.bound, entry.absences, entry.retries, entry.unknown_since_s = False, None, 0, None
            self.refuse(payment_id, "HTTP 422, and it is not there", now_s, permanent=True)
        else:
            self._wait_for_outcome(entry, now_s)

    def _ask_next(self, entry: Entry, now_s: float, *, is_absent: bool) -> None:
        others = [name for name in entry.unasked if name != entry.processor]
        entry.unasked = others if is_absent else [*others, entry.processor]
        entry.processor = ""
        if not entry.unasked:
            entry.retries, entry.absences, entry.unknown_since_s = 0, None, None
            self._waiting.add_first(entry)
        elif is_absent:
            self._unknown.push(entry, now_s)
        else:
            self._unknown.push_later(entry, now_s)
        del self._in_flight[entry.payment.payment_id]

    def park(self, payment_id: bytes, reason: str) -> None:
        """Set a payment in flight aside until ``retry_parked``."""
        entry = self._in_flight.pop(payment_id, None)
        if entry is not None:
            entry.bound = not entry.unasked
            entry.clean = False
            self._park(entry, reason)

    def _park(self, entry: Entry, reason: str, *, look_up_s: float | None = None) -> None:
        if not entry.parked:
            self.newly_parked.append(ParkedPayment(entry.payment, reason))
        entry.parked = reason
        self._parked.add(entry, reason, look_up_s=look_up_s)

    def _wait_for_outcome(self, entry: Entry, now_s: float) -> None:
        self.doubts.begin(entry, now_s)
        # No more than one look's pause counts, however long nobody could look.
        entry.doubt(now_s, self._settles[entry.processor], RETRY_MAX_S)
        del self._in_flight[entry.payment.payment_id]
        if entry.bound and (entry.parked or entry.doubted_s >= self._parking.unknown_s):
            reason = f"outcome unknown at {entry.processor}, which settles others: {entry.reason}"
            self._park(entry, entry.parked or reason, look_up_s=now_s + LOOK_UP_EVERY_S)
        else:
            self._unknown.push_later(entry, now_s)

    def _ask_everywhere(self, entry: Entry, now_s: float) -> None:
        entry.unasked = list(self._processors)
        entry.reason = "a worker before this one may have sent it"
        entry.clean = False
        self.doubts.begin(entry, now_s)
        self._unknown.push(entry, max(now_s, self._silent_s))

    def parked(self) -> tuple[ParkedPayment, ...]:
        """The parked payments, and why they are."""
        looked_up = ((each, each.parked) for each in self._in_flight.values() if each.parked)
        return tuple(ParkedPayment(entry.payment, reason) for entry, reason in chain(self._parked, looked_up))

    def retry_parked(self, now_s: float) -> int:
        """Let every parked payment try again: one that may be committed at its processor, the others anywhere.

        Returns:
            How many there were.
        """
        parked, self._parked = self._parked, Parked(self._processors)
        looked_up = [each for each in self._in_flight.values() if each.parked]
        for entry in looked_up:  # it is unknown again once that is over
            entry.begin_anew()
        for entry, _reason in parked:
            entry.begin_anew()
            if entry.bound or entry.unasked:
                self._unknown.push(entry, now_s)
            else:
                self._waiting.add(entry)
        return len(parked) + len(looked_up)

    def unknown(self, now_s: float) -> tuple[UnknownPayment, ...]:
        """Those whose outcome has been unknown for longest, parked ones among them; ``LISTED_MAX`` at most."""
        in_flight = (each for each in self._in_flight.values() if each.unknown_since_s is not None)
        parked = (entry for entry, _reason in self._parked if entry.unknown_since_s is not None)
        return listed(chain(self._unknown, in_flight, parked), now_s)

    def has_processor(self, name: str) -> bool:
        """Whether there is a processor of this name."""
        return name in self._processors

    def find(self, payment_id: bytes) -> tuple[State, Entry | None] | None:
        """Look for a payment, which takes time; an entry comes with what may be closed by hand.

        Returns:
            Its state, and its entry if it is in flight, unknown or parked; None if the id isn't known.
        """
        if self._known.get(payment_id) < 0:
            return None
        if payment_id in self._written_off:
            return State.WRITTEN_OFF, None
        if payment_id in self._in_flight:
            return State.IN_FLIGHT, self._in_flight[payment_id]
        if payment_id in self._parked:
            return State.PARKED, self._parked.get(payment_id)
        for entry in self._unknown:
            if entry.payment.payment_id == payment_id:
                return State.UNKNOWN, entry
        waits = payment_id in self._storing or any(entry.payment.payment_id == payment_id for entry in self._waiting)
        return State.WAITING if waits else State.SETTLED, None

    def hold(self, entry: Entry, now_s: float) -> None:
        """Leave a payment alone for a while: in flight it isn't looked into after that, unknown not before."""
        entry.held_until_s = now_s + HOLD_S
        self._unknown.hold(entry)

    def settle_by_hand(self, entry: Entry) -> None:
        """Note that a payment, unknown or parked, is on its way into the books: it counts as in flight until then."""
        self._in_flight[entry.payment.payment_id] = entry
        self._end_doubt(entry)

    def write_off(self, entry: Entry) -> None:
        """Forget a payment, unknown or parked, but for its id and amount: it is never sent again."""
        self._written_off.add(entry.payment.payment_id)
        self._end_doubt(entry)

    def _end_doubt(self, entry: Entry) -> None:
        entry.unknown_since_s, entry.parked = None, ""
        if not self._unknown.remove(entry):
            self._parked.pop(entry.payment.payment_id)

    def purge(self) -> int:
        """Forget everything.

        Returns:
            The new epoch.
        """
        self.epoch += 1
        self._clear()
        return self.epoch

    def held(self) -> int:
        """Payments that are not settled."""
        return self._waiting_count() + len(self._in_flight) + len(self._unknown) + len(self._parked)

    def held_ids(self) -> tuple[bytes, ...]:
        """Ids of the payments that are not settled, the oldest first."""
        return tuple(each.payment.payment_id for each in sorted(self._entries(), key=lambda each: each.taken_at_s))

    def _entries(self) -> Iterator[Entry]:
        parked = (entry for entry, _reason in self._parked)
        return chain(self._storing.values(), self._waiting, self._in_flight.values(), self._unknown, parked)

    def _waiting_count(self) -> int:
        return len(self._storing) + len(self._waiting)

    def statistics(self) -> Statistics:
        """The counts by state, each counted for itself; ``purged`` counts since the start."""
        return Statistics(
            epoch=self.epoch,
            accepted=len(self._known),
            settled=self._settled,
            waiting=self._waiting_count(),
            in_flight=len(self._in_flight),
            unknown=len(self._unknown),
            parked=len(self._parked),
            written_off=len(self._written_off),
            duplicates=self._duplicates,
            conflicts=self._conflicts,
            purged=self._purged,
            differing=self._differing,
        )


def _crashed(entry: Entry) -> str:
    return f"its actor crashed on it {entry.crashes} times"
