"""A payment on its way to being settled."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

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


class Absence(NamedTuple):
    """Look-ups of one payment at one processor, one after the other, all in vain. Instants are monotonic seconds.

    Args:
        look_ups: how many.
        witnessed: how many of them while a row that is known to be there was found.
        since_s: when the first was asked since the route there was last in doubt.
        sure_since_s: when the first was asked since the route there is known to be well.
        last_asked_s: when the last was asked.
        last_answered_s: when that was answered.
    """

    look_ups: int = 0
    witnessed: int = 0
    since_s: float = float("-inf")
    sure_since_s: float = float("-inf")
    last_asked_s: float = float("-inf")
    last_answered_s: float = float("-inf")


NOT_LOOKED_UP = Absence()


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
        clean: every post that it ever had ended in a 422 or a certain refusal, so a 422 may be a refusal too.
        absences: by processor, the look-ups that did not find it; None before the first.
        differs: it is settled with another amount than ours.
    """

    __slots__ = (
        "absences",
        "bound",
        "clean",
        "crashes",
        "differs",
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
        self.clean = True
        self.absences: dict[str, Absence] | None = None
        self.differs = False

    def is_denied(self, now_s: float) -> bool:
        """Whether a 422 was the last word on it, and so lately that it is only looked for, not posted again."""
        return self.bound and self.clean and now_s - self.posted_at_s <= 2 * LONGEST_DELAY_S
