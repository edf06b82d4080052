"""A payment on its way to being settled."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.values import Payment

LONGEST_DELAY_S = 6.0
"""A processor may commit so long after its client has gone (5 s were seen); before that, "not found" proves nothing."""

CRASHES_MAX = 3
"""A payment whose actor has crashed on it so often is parked."""


class State(Enum):
    """Where a payment is; each id is in one of these."""

    WAITING = "waiting"
    IN_FLIGHT = "in flight"
    UNKNOWN = "unknown"
    PARKED = "parked"
    SETTLED = "settled"
    WRITTEN_OFF = "written off"


class Entry:
    """One payment that is not settled yet.

    Attributes:
        payment: the payment.
        taken_at_s: when it was taken, on the monotonic clock.
        processor: where its last attempt went.
        requested_at_ms: that attempt's ``requestedAt``.
        bound: its outcome there is or was unknown, so it can go nowhere else.
        rejections: the processors that found fault with it, and what they said.
        unasked: processors that a worker before this one may have sent it to; each is asked for it before it is sent
            anywhere.
        retries: how often its unknown outcome was looked into.
        crashes: how often its actor has crashed on it.
        posted_at_s: when its last post was over, on the monotonic clock; when it was taken, before the first.
        reason: what came of that post.
        unknown_since_s: since when its outcome is unknown, on the monotonic clock; None while it isn't.
        held_until_s: until then it is left alone, because a person wants to say how it ended.
    """

    __slots__ = (
        "bound",
        "crashes",
        "held_until_s",
        "payment",
        "posted_at_s",
        "processor",
        "reason",
        "rejections",
        "requested_at_ms",
        "retries",
        "taken_at_s",
        "unasked",
        "unknown_since_s",
    )

    def __init__(self, payment: Payment, taken_at_s: float) -> None:
        self.payment = payment
        self.taken_at_s = taken_at_s
        self.processor = ""
        self.requested_at_ms = 0
        self.bound = False
        self.rejections: dict[str, str] = {}
        self.unasked: list[str] = []
        self.retries = 0
        self.crashes = 0
        self.posted_at_s = taken_at_s
        self.reason = ""
        self.unknown_since_s: float | None = None
        self.held_until_s = 0.0
