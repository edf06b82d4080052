"""The payments that are not settled, by the state that each is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.intake.backlog.entry import State
from actors.intake.backlog.holds import HOLD_S
from actors.intake.backlog.parked import Parked
from actors.intake.backlog.unknowns import Unknowns
from actors.intake.backlog.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actors.intake.backlog.entry import Entry


class Held:
    """A place for each state, each entry in one of them; whoever moves an entry sees to that.

    Args:
        processors: the processors' names.

    Attributes:
        entries: all of them by id, in the order of their taking.
        storing: those that the journal doesn't have yet.
        held_back: those that wait for what APIs tell of a worker before this one.
        waiting: those that may be sent.
        in_flight: those with an attempt under way, or on their way into the books.
        unknown: those that may be committed somewhere.
        parked: those that wait for a person.
    """

    def __init__(self, processors: Sequence[str]) -> None:
        self.entries: dict[bytes, Entry] = {}
        self.storing: dict[bytes, Entry] = {}
        self.held_back: dict[bytes, Entry] = {}
        self.waiting = Waiting()
        self.in_flight: dict[bytes, Entry] = {}
        self.unknown = Unknowns(processors)
        self.parked = Parked(processors)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    @property
    def waiting_count(self) -> int:
        """How many wait; those that are storing or held back count."""
        return len(self.storing) + len(self.held_back) + len(self.waiting)

    @property
    def has_unsent(self) -> bool:
        """Whether anything waits, has an unknown outcome, or is to be looked up."""
        if len(self.entries) == len(self.in_flight):
            return False  # mostly so, and asked after each message
        return bool(self.waiting) or bool(self.unknown) or self.parked.has_look_ups

    def ids(self) -> tuple[bytes, ...]:
        """Ids of all, the oldest first."""
        return tuple(self.entries)

    def state_of(self, entry: Entry) -> State:
        """Where a payment is."""
        payment_id = entry.payment.payment_id
        if payment_id in self.in_flight:
            return State.IN_FLIGHT
        if payment_id in self.parked:
            return State.PARKED
        if payment_id in self.storing or payment_id in self.held_back:
            return State.STORING
        return State.UNKNOWN if entry.bound or entry.unasked else State.WAITING

    def hold(self, entry: Entry, now_s: float) -> None:
        """Leave a payment alone for a while: in flight it isn't looked into after that, unknown not before."""
        entry.held_until_s = now_s + HOLD_S
        self.unknown.hold(entry)

    def end_doubt(self, entry: Entry) -> None:
        """Take out a payment, unknown or parked: it is known now how it ended."""
        entry.unknown_since_s, entry.parked = None, ""
        if not self.unknown.remove(entry):
            self.parked.pop(entry.payment.payment_id)

    def retry_all(self, now_s: float) -> int:
        """Let every parked payment try again: one that may be committed at its processor, the others anywhere.

        Returns:
            How many there were.
        """
        looked_up = [each for each in self.in_flight.values() if each.parked]
        parked = self.parked.take_all()
        for entry in (*looked_up, *parked):
            self._try_again(entry, now_s)
        return len(parked) + len(looked_up)

    def retry(self, entry: Entry, now_s: float) -> bool:
        """The same for one payment.

        Returns:
            Whether it was parked, or is being looked up as a parked one.
        """
        if self.parked.pop(entry.payment.payment_id) is None and not entry.parked:
            return False
        self._try_again(entry, now_s)
        return True

    def _try_again(self, entry: Entry, now_s: float) -> None:
        entry.begin_anew(now_s)
        if entry.payment.payment_id in self.in_flight:
            return  # it is unknown again once that is over
        if entry.bound or entry.unasked:
            self.unknown.push(entry, now_s)
        else:
            self.waiting.add(entry)
