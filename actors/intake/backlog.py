"""What the intake holds: payments that wait, are in flight, have an unknown outcome, or are parked.

``Backlog`` knows nothing of who sends what where; it keeps each payment in exactly one state, and its counts true. Each
method either happens or, if it raises, leaves everything as it was; results for payments that it doesn't hold (any
more) change nothing, so a message may be handled twice.

::

    take ─▶ WAITING ─dispatch─▶ IN FLIGHT ─settle─▶ forgotten, but for its id and amount
               ▲  ▲                │   │ ▲
               │  └──refuse────────┘   │ └─dispatch_due────┐
               └──retry── PARKED ◀─────┤                   │
                            └──────────┴─mark_unknown─▶ UNKNOWN   (never back to WAITING: it may be committed there)

Two detours: with a durable journal a payment is *storing* before it waits, and counts as waiting; and one that a worker
before this one may have sent is first looked for at every processor, and counts as unknown.
"""

from __future__ import annotations

from collections import deque
from itertools import chain
from typing import TYPE_CHECKING

from actors.intake.entry import CRASHES_MAX, LONGEST_DELAY_S, Entry
from actors.intake.unknowns import Unknowns
from actors.packed.id_map import IdMap
from actors.values import ParkedPayment, Statistics, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from actors.values import OpenPayment, Payment


class Backlog:
    """The payments of one epoch, each id in one state. It outlives the intake actor's restarts.

    Args:
        processors: the processors' names.
        epoch: the epoch to begin in.
        started_s: when this worker started, on the monotonic clock.
    """

    def __init__(self, processors: Sequence[str], epoch: int = 0, started_s: float = 0.0) -> None:
        self._processors = tuple(processors)
        self._silent_s = started_s + LONGEST_DELAY_S
        """From then on nothing that an earlier worker has sent can be committed any more."""
        self.epoch = epoch
        self._purged = 0
        self._clear()

    def _clear(self) -> None:
        self._known = IdMap()  # to the amount
        self._storing: dict[bytes, Entry] = {}
        self.newly_taken: list[Payment] = []
        """Payments taken since the intake last stated to the journal which it took, and cleared this."""
        # By the processors that rejected them, so that a payment one of them won't have doesn't hold up the rest.
        self._waiting: dict[frozenset[str], deque[Entry]] = {frozenset(): deque()}
        self._in_flight: dict[bytes, Entry] = {}
        self._unknown = Unknowns(self._processors)
        self._parked: dict[bytes, tuple[Entry, str]] = {}
        self._settled = self._duplicates = self._conflicts = 0

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
                self._waiting[frozenset()].append(entry)
            return Verdict.TAKEN
        if known_cents == payment.amount_cents:
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
                self._waiting[frozenset()].append(entry)

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
        for payment, processor, requested_at_ms in open_:
            self._known.add(payment.payment_id, payment.amount_cents)
            entry = Entry(payment, now_s)
            if processor and not suspect:
                entry.processor, entry.requested_at_ms, entry.bound = processor, requested_at_ms, True
                self._unknown.push(entry, now_s)
            elif suspect:
                self._ask_everywhere(entry, now_s)
            else:
                self._waiting[frozenset()].append(entry)

    @property
    def has_unsent(self) -> bool:
        """Whether anything waits, or has an unknown outcome."""
        return any(self._waiting.values()) or bool(self._unknown)

    def heads(self) -> list[Entry]:
        """The oldest waiting payment of each kind: those welcome everywhere, and those some processor rejected."""
        return [group[0] for group in self._waiting.values() if group]

    def dispatch(self, entry: Entry, processor: str, requested_at_ms: int) -> None:
        """Note that a head is now in flight, as a fresh attempt at a processor."""
        self._waiting[frozenset(entry.rejections)].remove(entry)  # it is the first: found at once
        entry.processor, entry.requested_at_ms = processor, requested_at_ms
        self._in_flight[entry.payment.payment_id] = entry

    def unknown_due_s(self, processor: str) -> float | None:
        """When the next payment of unknown outcome at a processor is due, on the monotonic clock; None without any."""
        return self._unknown.due_s(processor)

    def dispatch_due(self, processor: str, now_s: float) -> Entry | None:
        """Put the payment of unknown outcome at a processor that is due first in flight again, if one is due."""
        return self._in_flight_again(self._unknown.pop_due(processor, now_s), processor)

    def dispatch_bound(self, processor: str) -> Entry | None:
        """The same for the next one that was certainly sent there, due or not, as a probe."""
        return self._in_flight_again(self._unknown.pop_bound(processor), processor)

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
        if self._in_flight.pop(payment_id, None) is None and self._parked.pop(payment_id, None) is None:
            return False
        self._settled += 1
        return True

    def refuse(self, payment_id: bytes, reason: str, now_s: float, *, permanent: bool) -> None:
        """Take back a payment that its attempt certainly did not commit: first in line for any processor.

        With ``permanent`` for any other one; rejected by all, it is parked. If its outcome was unknown before, this
        clears nothing, because an earlier attempt may be committed: it stays unknown.
        """
        entry = self._in_flight.get(payment_id)
        if entry is None:
            return
        if entry.bound:
            self._wait_for_outcome(entry, now_s)
            return
        del self._in_flight[payment_id]
        if permanent:
            entry.rejections = {**entry.rejections, entry.processor: reason}
            if len(entry.rejections) == len(self._processors):
                self._park(entry, "; ".join(f"{name}: {why}" for name, why in entry.rejections.items()))
                return
        self._waiting.setdefault(frozenset(entry.rejections), deque()).appendleft(entry)

    def mark_unknown(self, payment_id: bytes, now_s: float, *, crashed: bool = False) -> None:
        """Bind a payment in flight to its processor until its outcome there is known; park it if it keeps crashing."""
        entry = self._in_flight.get(payment_id)
        if entry is None:
            return
        if not entry.unasked:
            entry.bound = True
        entry.crashes += crashed
        if entry.crashes >= CRASHES_MAX:
            self.park(payment_id, f"its actor crashed on it {entry.crashes} times")
        else:
            self._wait_for_outcome(entry, now_s)

    def absent(self, payment_id: bytes, now_s: float) -> None:
        """Note that a payment in flight was looked for at its processor, and isn't there now.

        If its outcome there is unknown that proves nothing; if it was only suspected there, the next suspect is asked,
        and after the last one it waits like any other.
        """
        entry = self._in_flight.get(payment_id)
        if entry is None:
            return
        if not entry.unasked:
            self._wait_for_outcome(entry, now_s)
            return
        del self._in_flight[payment_id]
        entry.unasked = [name for name in entry.unasked if name != entry.processor]
        entry.processor = ""
        if entry.unasked:
            self._unknown.push(entry, now_s)
        else:
            entry.retries = 0
            self._waiting[frozenset()].appendleft(entry)

    def park(self, payment_id: bytes, reason: str) -> None:
        """Set a payment in flight aside until ``retry_parked``."""
        entry = self._in_flight.pop(payment_id, None)
        if entry is not None:
            entry.bound = not entry.unasked
            self._park(entry, reason)

    def _park(self, entry: Entry, reason: str) -> None:
        self._parked[entry.payment.payment_id] = (entry, reason)

    def _wait_for_outcome(self, entry: Entry, now_s: float) -> None:
        self._unknown.push_later(entry, now_s)
        del self._in_flight[entry.payment.payment_id]

    def _ask_everywhere(self, entry: Entry, now_s: float) -> None:
        entry.unasked = list(self._processors)
        self._unknown.push(entry, max(now_s, self._silent_s))

    def parked(self) -> tuple[ParkedPayment, ...]:
        """The parked payments, and why they are."""
        return tuple(ParkedPayment(entry.payment, reason) for entry, reason in self._parked.values())

    def retry_parked(self, now_s: float) -> int:
        """Let every parked payment try again: one that may be committed at its processor, the others anywhere.

        Returns:
            How many there were.
        """
        parked, self._parked = self._parked, {}
        for entry, _reason in parked.values():
            entry.retries = entry.crashes = 0
            if entry.bound or entry.unasked:
                self._unknown.push(entry, now_s)
            else:
                entry.rejections = {}
                self._waiting[frozenset()].append(entry)
        return len(parked)

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
        parked = (entry for entry, _reason in self._parked.values())
        return chain(self._storing.values(), *self._waiting.values(), self._in_flight.values(), self._unknown, parked)

    def _waiting_count(self) -> int:
        return len(self._storing) + sum(map(len, self._waiting.values()))

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
            duplicates=self._duplicates,
            conflicts=self._conflicts,
            purged=self._purged,
        )
