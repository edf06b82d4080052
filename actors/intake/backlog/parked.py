"""Payments that wait for a person. Those of unknown outcome are looked up meanwhile, and may settle by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actors.intake.backlog.entry import Entry
    from actors.values import Payment

LOOK_UP_EVERY_S = 60.0
"""A parked payment of unknown outcome is looked up so often, and never posted."""


class Parking(NamedTuple):
    """When a payment is parked that nothing but itself stands in the way of.

    Args:
        refusals: after so many refusals by each processor, each while that one settled others.
        unknown_s: after its outcome was unknown for so many seconds during which its processor settled others.
    """

    refusals: int = 20
    unknown_s: float = 120.0


PARKING = Parking()


class ParkedPayment(NamedTuple):
    """A payment that has just been parked, for whoever tells of it.

    Args:
        payment: the payment.
        reason: why, naming the processors' answers.
    """

    payment: Payment
    reason: str


class Parked:
    """The parked payments by id; each knows why it is (``Entry.parked``).

    Args:
        processors: the processors' names.
    """

    def __init__(self, processors: Sequence[str]) -> None:
        self._entries: dict[bytes, Entry] = {}
        # By processor, in the order of the instants, since all intervals are alike.
        self._look_ups: dict[str, dict[bytes, float]] = {name: {} for name in processors}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, payment_id: bytes) -> bool:
        return payment_id in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def add(self, entry: Entry, *, look_up_s: float | None = None) -> None:
        """Park a payment.

        Args:
            entry: the payment.
            look_up_s: when to look it up at its processor, on the monotonic clock; None for never.
        """
        self._entries[entry.payment.payment_id] = entry
        entry.due_s = look_up_s or 0.0
        if look_up_s is not None:
            self._look_ups[entry.processor][entry.payment.payment_id] = look_up_s

    def get(self, payment_id: bytes) -> Entry | None:
        """Look at a payment, if it is parked."""
        return self._entries.get(payment_id)

    def pop(self, payment_id: bytes) -> Entry | None:
        """Take out a payment, if it is parked."""
        entry = self._entries.pop(payment_id, None)
        if entry is not None:
            self._look_ups.get(entry.processor, {}).pop(payment_id, None)
        return entry

    def take_all(self) -> list[Entry]:
        """Take out all payments."""
        entries = list(self)
        self._entries.clear()
        for look_ups in self._look_ups.values():
            look_ups.clear()
        return entries

    @property
    def has_look_ups(self) -> bool:
        """Whether any is to be looked up."""
        return any(self._look_ups.values())

    def due_s(self, processor: str) -> float | None:
        """When the next look-up at a processor is due; None without any."""
        return next(iter(self._look_ups[processor].values()), None)

    def pop_due(self, processor: str, now_s: float) -> Entry | None:
        """Take out the payment whose look-up at a processor is due first, if one is due."""
        due_s = self.due_s(processor)
        if due_s is None or due_s > now_s:
            return None
        return self.pop(next(iter(self._look_ups[processor])))
