"""What is kept of a payment's attempts, for people: the first and the last ones, and how many there were."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actors.values import Step

if TYPE_CHECKING:
    from actors.messages.settling import Attempt
    from actors.values import Absent, Outcome

FIRST, LAST = 1, 4
"""What went wrong first, and how it goes now; a payment that fails for hours must not fill the memory."""


class Ended(NamedTuple):
    """One attempt that is over.

    Args:
        attempt: what was tried.
        outcome: what came of it.
        begun_s: when it began, on the monotonic clock.
        took_s: how long it took, in seconds.
    """

    attempt: Attempt
    outcome: Outcome | Absent
    begun_s: float
    took_s: float


class Attempts(NamedTuple):
    """The attempts of one payment that are over and have not settled it.

    Args:
        made: how many there were.
        look_ups: in how many of them its processor was asked for it.
        kept: the first one, and the last ones.
    """

    made: int = 0
    look_ups: int = 0
    kept: tuple[Ended, ...] = ()

    def with_one_more(self, ended: Ended) -> Attempts:
        """The same, and another one."""
        kept = self.kept if len(self.kept) < FIRST + LAST else self.kept[:FIRST] + self.kept[FIRST + 1 :]
        look_ups = self.look_ups + (ended.attempt.step is not Step.POST)
        return Attempts(self.made + 1, look_ups, (*kept, ended))


NONE = Attempts()
"""Shared by the many payments that have no trouble."""
