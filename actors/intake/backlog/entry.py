"""A payment on its way to being settled."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from actors.intake.backlog import attempts, refusals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from actors.intake.backlog.attempts import Attempts
    from actors.intake.backlog.refusals import Refusal
    from actors.values import Payment

LONGEST_DELAY_S = 6.0
"""A processor may commit so long after its client has gone (5 s were seen); before that, "not found" proves nothing."""

CRASHES_MAX = 3
"""A payment whose actor has crashed on it so often is parked."""


class State(Enum):
    """Where a payment is; each id is in one of these."""

    STORING = "storing"
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


class Kind(NamedTuple):
    """Where a payment may go: payments that differ in it wait in different lines.

    Args:
        rejected: the processors that found fault with it.
        refused: those that refused it for the time being.
        shunned: those of them that it had better leave.
    """

    rejected: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    shunned: frozenset[str] = frozenset()


FRESH = Kind()
"""Nobody has refused it: this very object then, so that nobody need compare it."""

_NEVER = float("inf")


class Entry:
    """One payment that is not settled yet.

    Attributes:
        payment: the payment.
        taken_at_s: when it was taken, on the monotonic clock.
        processor: where its last attempt went.
        requested_at_ms: that attempt's ``requestedAt``.
        bound: its outcome there is or was unknown, so it can go nowhere else.
        kind: where it may go, after the next two.
        rejections: the processors that found fault with it, and what they said.
        refusals: those that refused it for the time being.
        unasked: processors that a worker before this one may have sent it to; each is asked for it before it is sent
            anywhere.
        attempts: those that are over, and have not settled it.
        retries: how often its unknown outcome was looked into.
        crashes: how often its actor has crashed on it.
        posted_at_s: when its last post was over, on the monotonic clock; when it was taken, before the first.
        reason: what its processor said last, for people.
        unknown_since_s: since when its outcome is unknown, on the monotonic clock; None while it isn't.
        moved_s: when it came where it is, on the monotonic clock; 0 if that was when it was taken.
        due_s: when it is to be sent again, or looked into, on the monotonic clock.
        held_until_s: until then it is left alone, because a person wants to say how it ended.
        clean: every post that it ever had ended in a 422 or a certain refusal, so a 422 may be a refusal too.
        absences: by processor, the look-ups that did not find it.
        differs: it is settled with another amount than ours.
        begun_at_s: when its last attempt was sent, on the monotonic clock.
        doubted_s: seconds of unknown outcome during which its processor settled others.
        looked_into_s: when its unknown outcome was looked into last, on the monotonic clock.
        settles: how many posts its processor had settled by then.
        parked: why it was parked, if it is or is being looked up meanwhile.
        suspect: a worker before this one may have sent it; seen to once the journal has it.
    """

    __slots__ = (
        "__dict__",  # made for the few that have trouble; all others are small, and quick to make
        "begun_at_s",
        "bound",
        "kind",
        "payment",
        "posted_at_s",
        "processor",
        "requested_at_ms",
        "taken_at_s",
        "unknown_since_s",
    )

    # What holds of a payment without trouble. None of it is ever changed in place.
    rejections: Mapping[str, str] = MappingProxyType({})
    refusals: Mapping[str, Refusal] = refusals.NONE
    unasked: Sequence[str] = ()
    attempts: Attempts = attempts.NONE
    retries = 0
    crashes = 0
    reason = ""
    moved_s = 0.0
    due_s = 0.0
    held_until_s = 0.0
    clean = True
    absences: Mapping[str, Absence] = MappingProxyType({})
    differs = False
    doubted_s = 0.0
    looked_into_s = _NEVER
    settles = 0
    parked = ""
    suspect = False

    def __init__(self, payment: Payment, taken_at_s: float) -> None:
        self.payment = payment
        self.taken_at_s = self.posted_at_s = taken_at_s
        self.processor = ""
        self.requested_at_ms = 0
        self.bound = False
        self.kind = FRESH
        self.begun_at_s = _NEVER
        self.unknown_since_s: float | None = None

    @property
    def waited_s(self) -> float:
        """How long it waited for its last attempt, since its taking or the attempt before."""
        return max(0.0, self.begun_at_s - (self.moved_s or self.taken_at_s))

    def is_denied(self, now_s: float) -> bool:
        """Whether a 422 was the last word on it, and so lately that it is only looked for, not posted again."""
        return self.bound and self.clean and now_s - self.posted_at_s <= 2 * LONGEST_DELAY_S

    def refuse(self, now_s: float, settles: int, *, permanent: bool, processors: Iterable[str]) -> list[str]:
        """Take note that the processor of its last attempt has refused it; ``reason`` says why.

        Args:
            now_s: the present, on the monotonic clock.
            settles: how many posts that processor has settled.
            permanent: it found fault with the payment.
            processors: all there are.

        Returns:
            The processors that haven't found fault with it.
        """
        if permanent:
            self.rejections = {**self.rejections, self.processor: self.reason}
        else:
            slow = now_s - self.begun_at_s >= refusals.SLOW_S
            self.refusals = refusals.refused(self.refusals, self.processor, self.reason, settles, slow=slow)
        left = [name for name in processors if name not in self.rejections]
        shunned = refusals.shunned(self.refusals, left)
        self.kind = Kind(frozenset(self.rejections), frozenset(self.refusals), shunned)
        return left

    def doubt(self, now_s: float, settles: int, most_s: float) -> None:
        """Take note that its unknown outcome was looked into in vain.

        Args:
            now_s: the present, on the monotonic clock.
            settles: how many posts its processor has settled.
            most_s: no more counts than that for the time since it was looked into last.
        """
        if settles > self.settles and now_s > self.looked_into_s:
            self.doubted_s += min(now_s - self.looked_into_s, most_s)
        self.looked_into_s, self.settles = now_s, settles

    def begin_anew(self, now_s: float) -> None:
        """Forget what stood against it, but not where it may be committed."""
        self.moved_s = now_s
        self.retries = self.crashes = 0
        self.doubted_s, self.due_s, self.parked = 0.0, 0.0, ""
        self.kind = FRESH
        self.rejections, self.refusals = Entry.rejections, refusals.NONE

    @property
    def answers(self) -> str:
        """What the processors have said to it, for people."""
        said = {name: each.reason for name, each in self.refusals.items()} | dict(self.rejections)
        return "; ".join(f"{name}: {why}" for name, why in sorted(said.items()))
