"""What becomes of payments that were sent somewhere, or may have been: refused, unknown, absent, parked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.intake.backlog import refusals
from actors.intake.backlog.attempts import Ended
from actors.intake.backlog.doubts import Doubts
from actors.intake.backlog.entry import CRASHES_MAX, LONGEST_DELAY_S, NOT_LOOKED_UP
from actors.intake.backlog.parked import LOOK_UP_EVERY_S, ParkedPayment
from actors.intake.backlog.route import LOOK_UPS_MIN, routes
from actors.intake.backlog.unknowns import RETRY_MAX_S
from actors.values import Step
from actors.words import payments as words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.intake.backlog.entry import Entry
    from actors.intake.backlog.held import Held
    from actors.intake.backlog.parked import Parking
    from actors.messages.settling import Attempt
    from actors.values import Absent, Refused, Settled, Unknown


class Outcomes:
    """Moves a payment from where it is in flight to where its outcome puts it; and keeps what is known of outcomes.

    Args:
        held: the payments, by state.
        processors: the processors' names.
        started_s: when this worker started, on the monotonic clock.
        parking: when a payment is parked that is itself at fault.

    Attributes:
        doubts: the payments of unknown outcome, for whoever warns of them.
        newly_parked: payments parked since somebody was told of them, and cleared this.
        routes: what is known of the way to each processor.
        differing: how many settled with another amount than ours.
    """

    def __init__(self, held: Held, processors: Sequence[str], started_s: float, parking: Parking) -> None:
        self._waiting, self._in_flight = held.waiting, held.in_flight
        self._unknown, self._parked = held.unknown, held.parked
        self._processors = tuple(processors)
        self._parking = parking
        self._settles = dict.fromkeys(processors, 0)
        self._silent_s = started_s + LONGEST_DELAY_S
        """From then on nothing that an earlier worker has sent can be committed any more."""
        self.doubts = Doubts()
        self.newly_parked: list[ParkedPayment] = []
        self.routes = routes(processors)
        self.differing = 0

    def note_settled(self, processor: str) -> None:
        """Note that a processor has settled a post: what it refuses to others meanwhile is their own affair."""
        self._settles[processor] += 1

    def settle(self, payment_id: bytes, settled: Settled) -> Entry | None:
        """Note that a payment in flight is settled; it stays in flight until it is in the books.

        Returns:
            The payment, if somebody is to be told: its outcome was unknown, or its processor holds it with another
            amount (``differs``).
        """
        entry = self._in_flight.get(payment_id)
        if entry is None or (entry.unknown_since_s is None and entry.payment.amount_cents == settled.amount_cents):
            return None
        if entry.payment.amount_cents != settled.amount_cents and not entry.differs:
            entry.differs = True
            self.differing += 1
        return entry

    def note_attempt(self, attempt: Attempt, outcome: Refused | Unknown | Absent, begun_s: float, now_s: float) -> None:
        """Note what came of an attempt that has not settled its payment, which is in flight."""
        entry = self._in_flight.get(attempt.payment.payment_id)
        if entry is None:
            return
        entry.attempts = entry.attempts.with_one_more(Ended(attempt, outcome, begun_s, now_s - begun_s))
        if attempt.step is not Step.LOOK_UP:
            entry.posted_at_s, entry.reason = now_s, outcome.reason

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
        entry.reason, entry.moved_s = reason, now_s
        if entry.bound:
            self._wait_for_outcome(entry, now_s)
            return False
        del self._in_flight[payment_id]
        settles, entry.parked = self._settles[entry.processor], ""
        left = entry.refuse(now_s, settles, permanent=permanent, processors=self._processors)
        if refusals.is_hopeless(entry.refusals, left, self._parking.refusals):
            self._park(entry, entry.answers, now_s)
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
            self.park(payment_id, words.crashed(entry.crashes), now_s)
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
        absence = route.looked_up(entry.absences.get(name, NOT_LOOKED_UP), asked_s, now_s, witnessed=witnessed)
        entry.absences = {**entry.absences, name: absence}
        if entry.unasked:
            is_absent = route.vouches_for(absence) or (heard_of and route.is_past_proof(absence))
            self._ask_next(entry, now_s, is_absent=is_absent)
        elif (
            entry.clean
            and asked_s - entry.posted_at_s > LONGEST_DELAY_S
            and route.vouches_for(absence, look_ups=LOOK_UPS_MIN)
        ):
            entry.bound, entry.absences, entry.retries, entry.unknown_since_s = False, {}, 0, None
            self.refuse(payment_id, words.DENIED, now_s, permanent=True)
        else:
            self._wait_for_outcome(entry, now_s)

    def _ask_next(self, entry: Entry, now_s: float, *, is_absent: bool) -> None:
        others = [name for name in entry.unasked if name != entry.processor]
        entry.unasked = others if is_absent else [*others, entry.processor]
        entry.processor, entry.moved_s = "", now_s
        if not entry.unasked:
            entry.retries, entry.absences, entry.unknown_since_s = 0, {}, None
            self._waiting.add_first(entry)
        elif is_absent:
            self._unknown.push(entry, now_s)
        else:
            self._unknown.push_later(entry, now_s)
        del self._in_flight[entry.payment.payment_id]

    def park(self, payment_id: bytes, reason: str, now_s: float) -> None:
        """Set a payment in flight aside until it is retried."""
        entry = self._in_flight.pop(payment_id, None)
        if entry is not None:
            entry.bound = not entry.unasked
            entry.clean = False
            self._park(entry, reason, now_s)

    def park_unhandled(self, payment_id: bytes, reason: str, now_s: float) -> None:
        """The same for one whose attempt is over, but what came of it can't be noted."""
        entry = self._in_flight.get(payment_id)
        if entry is not None:
            entry.attempts = entry.attempts._replace(made=entry.attempts.made + 1)
        self.park(payment_id, reason, now_s)

    def ask_everywhere(self, entry: Entry, now_s: float) -> None:
        """Look for a payment that a worker before this one may have sent anywhere, before it is sent again."""
        entry.unasked = list(self._processors)
        entry.reason = words.MAY_BE_SENT
        entry.clean = False
        self.doubts.begin(entry, now_s)
        self._unknown.push(entry, max(now_s, self._silent_s))

    def restore(self, entry: Entry, now_s: float, *, suspect: bool) -> None:
        """Go on with a payment of a journal that was sent to ``entry.processor``, may have been, or has crashed.

        Args:
            entry: the payment.
            now_s: the present, on the monotonic clock.
            suspect: it may have been sent anywhere.
        """
        if entry.crashes >= CRASHES_MAX:
            entry.unasked = list(self._processors) if suspect else []
            self._park(entry, words.crashed(entry.crashes), now_s)
        elif entry.bound:
            entry.reason = words.WAS_SENT
            entry.clean = False  # what came of that attempt, or of one before it, isn't on record
            self.doubts.begin(entry, now_s)
            self._unknown.push(entry, now_s)
        elif suspect:
            self.ask_everywhere(entry, now_s)
        else:
            self._waiting.add(entry)

    def _park(self, entry: Entry, reason: str, now_s: float, *, look_up_s: float | None = None) -> None:
        if not entry.parked:
            self.newly_parked.append(ParkedPayment(entry.payment, reason))
            entry.moved_s = now_s
        entry.parked = reason
        self._parked.add(entry, look_up_s=look_up_s)

    def _wait_for_outcome(self, entry: Entry, now_s: float) -> None:
        self.doubts.begin(entry, now_s)
        # No more than one look's pause counts, however long nobody could look.
        entry.doubt(now_s, self._settles[entry.processor], RETRY_MAX_S)
        del self._in_flight[entry.payment.payment_id]
        if entry.bound and (entry.parked or entry.doubted_s >= self._parking.unknown_s):
            reason = words.in_doubt_for_long(entry.processor, entry.reason)
            self._park(entry, entry.parked or reason, now_s, look_up_s=now_s + LOOK_UP_EVERY_S)
        else:
            self._unknown.push_later(entry, now_s)
