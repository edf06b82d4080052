"""Whether "it is not here" can be believed of a processor: a front without a route to it says the same, of anything.

A look-up that found nothing counts for something only if the route to the processor was well both before and after it.
Three things can show that, the first for certain:

- a *witness*: a row that is known to be there was found between two look-ups that found nothing;
- several look-ups in vain over a longer time than any delay, from a first proof that the route is well to a last one,
  and no doubt in between. A proof is an answer that is the processor's own: to a post 200, 422 or an empty 500; a row;
- where there is no witness and nobody posts: look-ups in vain for ``UNPROVED_S``, while something is heard of the
  processor, as from its health endpoint. That proves nothing; it is for payments that else would wait for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.intake.backlog.entry import LONGEST_DELAY_S, Absence
from actors.values import Refused, Settled, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.messages.settling import Attempt
    from actors.values import Absent, Outcome

LOOK_UPS_MIN = 3
"""So many look-ups in vain may count for something without a witness."""

UNPROVED_S = 15.0
"""For so long a payment is looked for in vain before it counts as absent without any proof: longer than a deployment
takes to bring a route, and than a report of the health endpoint is fresh."""


class Route:
    """What is known of the way to one processor.

    Attributes:
        witness: the id of the payment that was last seen to be there; empty if there is none.
    """

    def __init__(self) -> None:
        self.witness = b""
        self._good_since_s = float("inf")
        self._proved_s = float("-inf")
        self._doubted_s = float("-inf")

    def learn(self, attempt: Attempt, outcome: Outcome | Absent, asked_s: float, now_s: float) -> None:
        """Learn from an attempt.

        Args:
            attempt: the attempt.
            outcome: what came of it.
            asked_s: when it was begun.
            now_s: the present, when it is over.
        """
        match outcome:
            case Settled():
                self.witness = attempt.payment.payment_id
                self._prove(asked_s, now_s)
            case Refused(at_processor=True) | Unknown(denied=True):
                self._prove(asked_s, now_s)
            case Refused(turned_away=True):
                self._doubt(now_s)

    def _prove(self, asked_s: float, now_s: float) -> None:
        # The answer was given at some instant in between. A later doubt isn't cleared by what was asked before it.
        if asked_s < self._doubted_s:
            return
        self._good_since_s = min(self._good_since_s, now_s)
        self._proved_s = max(self._proved_s, asked_s)

    def _doubt(self, now_s: float) -> None:
        self._good_since_s = float("inf")
        self._doubted_s = now_s

    def looked_up(self, absence: Absence, asked_s: float, answered_s: float, *, witnessed: bool) -> Absence:
        """One look-up more, in vain.

        Args:
            absence: those before it.
            asked_s: when it was asked.
            answered_s: when it was answered.
            witnessed: whether a row that is known to be there was found meanwhile.
        """
        since_s, sure_since_s = absence.since_s, absence.sure_since_s
        if since_s <= self._doubted_s:
            since_s = asked_s
        if sure_since_s < self._good_since_s:
            sure_since_s = asked_s if self._good_since_s <= asked_s else float("-inf")
        look_ups, witnesses = absence.look_ups + 1, absence.witnessed + witnessed
        return Absence(look_ups, witnesses, since_s, sure_since_s, asked_s, answered_s)

    def vouches_for(self, absence: Absence, *, look_ups: int = 1) -> bool:
        """Whether look-ups in vain can be believed: so many with a witness, or several between two proofs."""
        if absence.witnessed >= look_ups:
            return True
        return (
            absence.look_ups >= LOOK_UPS_MIN
            and self._good_since_s <= absence.sure_since_s <= absence.last_asked_s - LONGEST_DELAY_S
            and absence.last_answered_s <= self._proved_s
        )

    def is_past_proof(self, absence: Absence) -> bool:
        """Whether look-ups in vain are all that there will be: for long, with no doubt, nobody to vouch for them."""
        in_vain_s = absence.last_asked_s - absence.since_s
        return not self.witness and absence.look_ups >= LOOK_UPS_MIN and in_vain_s >= UNPROVED_S


def routes(processors: Iterable[str]) -> dict[str, Route]:
    """Make a route to each processor, of which nothing is known yet."""
    return {name: Route() for name in processors}
