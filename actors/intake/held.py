"""The payments that are not settled, by the state that each is in."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from actors.intake.doubts import listed
from actors.intake.entry import State
from actors.intake.holds import HOLD_S
from actors.intake.parked import Parked
from actors.intake.unknowns import Unknowns
from actors.intake.waiting import Waiting
from actors.reports import ParkedPayment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actors.intake.entry import Entry
    from actors.reports import UnknownPayment


class Held:
    """A place for each state, each entry in one of them; whoever moves an entry sees to that.

    Args:
        processors: the processors' names.

    Attributes:
        storing: those that the journal doesn't have yet, or that wait for what APIs tell of a worker before this one.
        waiting: those that may be sent.
        in_flight: those with an attempt under way, or on their way into the books.
        unknown: those that may be committed somewhere.
        parked: those that wait for a person.
    """

    def __init__(self, processors: Sequence[str]) -> None:
        self.storing: dict[bytes, Entry] = {}
        self.waiting = Waiting()
        self.in_flight: dict[bytes, Entry] = {}
        self.unknown = Unknowns(processors)
        self.parked = Parked(processors)

    def __len__(self) -> int:
        return self.waiting_count + len(self.in_flight) + len(self.unknown) + len(self.parked)

    def __iter__(self) -> Iterator[Entry]:
        parked = (entry for entry, _reason in self.parked)
        return chain(self.storing.values(), self.waiting, self.in_flight.values(), self.unknown, parked)

    @property
    def waiting_count(self) -> int:
        """How many wait; those that are storing count."""
        return len(self.storing) + len(self.waiting)

    @property
    def has_unsent(self) -> bool:
        """Whether anything waits, has an unknown outcome, or is to be looked up."""
        return bool(self.waiting) or bool(self.unknown) or self.parked.has_look_ups

    def ids(self) -> tuple[bytes, ...]:
        """Ids of all, the oldest first."""
        return tuple(each.payment.payment_id for each in sorted(self, key=lambda each: each.taken_at_s))

    def parked_payments(self) -> tuple[ParkedPayment, ...]:
        """The parked payments, and why they are; those that are being looked up among them."""
        looked_up = ((each, each.parked) for each in self.in_flight.values() if each.parked)
        return tuple(ParkedPayment(entry.payment, reason) for entry, reason in chain(self.parked, looked_up))

    def unknown_payments(self, now_s: float) -> tuple[UnknownPayment, ...]:
        """Those whose outcome has been unknown for longest, parked ones among them; ``LISTED_MAX`` at most."""
        in_flight = (each for each in self.in_flight.values() if each.unknown_since_s is not None)
        parked = (entry for entry, _reason in self.parked if entry.unknown_since_s is not None)
        return listed(chain(self.unknown, in_flight, parked), now_s)

    def find(self, payment_id: bytes) -> tuple[State, Entry | None] | None:
        """Look for a payment, which takes time; an entry comes with what may be closed by hand."""
        if payment_id in self.in_flight:
            return State.IN_FLIGHT, self.in_flight[payment_id]
        if payment_id in self.parked:
            return State.PARKED, self.parked.get(payment_id)
        for entry in self.unknown:
            if entry.payment.payment_id == payment_id:
                return State.UNKNOWN, entry
        waits = payment_id in self.storing or any(entry.payment.payment_id == payment_id for entry in self.waiting)
        return (State.WAITING, None) if waits else None

    def hold(self, entry: Entry, now_s: float) -> None:
        """Leave a payment alone for a while: in flight it isn't looked into after that, unknown not before."""
        entry.held_until_s = now_s + HOLD_S
        self.unknown.hold(entry)

    def end_doubt(self, entry: Entry) -> None:
        """Take out a payment, unknown or parked: it is known now how it ended."""
        entry.unknown_since_s, entry.parked = None, ""
        if not self.unknown.remove(entry):
            self.parked.pop(entry.payment.payment_id)
