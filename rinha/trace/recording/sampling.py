"""Which payments' hops are written as lines: a share of all, by their ids, and those that somebody has asked for."""

from __future__ import annotations

CHOSEN_MAX = 10_000
"""Payments that are traced by choice: some 1 MB. The oldest go first."""


class Sampling:
    """Decides.

    A payment is sampled by its id, so that every process decides alike.

    Args:
        share: of all payments, 0 to 1.

    Attributes:
        least: an id whose last four bytes are below this is of the share.
        chosen: the ids of those that are traced besides.
    """

    def __init__(self, share: float) -> None:
        # A byte more than there is of an id, so that a share of one leaves out none.
        self.least = int(share * 2**32).to_bytes(4) if share < 1 else b"\xff" * 5
        self.chosen: dict[bytes, None] = {}

    def samples(self, payment_id: bytes) -> bool:
        """Whether this payment is of the share.

        The last four bytes of the id decide: in every UUID version they are random or near enough.
        """
        return payment_id[12:] < self.least

    def choose(self, payment_id: bytes) -> None:
        """Trace this payment from now on, if it isn't already."""
        if self.samples(payment_id) or payment_id in self.chosen:
            return
        if len(self.chosen) >= CHOSEN_MAX:
            del self.chosen[next(iter(self.chosen))]
        self.chosen[payment_id] = None

    def __contains__(self, payment_id: bytes) -> bool:
        return payment_id[12:] < self.least or payment_id in self.chosen
