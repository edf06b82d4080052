"""Which of an actor's messages are timed: all of one that gets few, one in 32 of one that gets many.

To read clocks and tell instruments costs more than a small message itself, and ten thousand of them say no more about
an actor than a thousand.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.runtime.reference import Reference

ALL_IN_S = 500
"""So many of an actor's messages in a second are timed, whatever else comes; of those behind them one in … Only short
ones are more than that: of a journal's commits, which may last, none is left out. What was to be left out when a burst
ends still is.
"""
ONE_IN = 32


def sampler(actor: Reference, now_s: Callable[[], float]) -> Callable[[Any], Any]:
    """Make what stamps an actor's message before it goes into the mailbox, and says how many go as they are after it.

    Args:
        actor: whose messages; its ``skip`` is set.
        now_s: reads the clock, in seconds.

    Returns:
        A function of a message, which returns a tuple of that, the instant, and for how many messages it stands. Sums
        of what was timed, times these, are those of all messages but for chance.
    """
    # Steps are uneven: messages come in patterns, of which even ones would see the same place each time.
    chance = Random(0).random
    weight, exact, until_s = 1, 0, -math.inf

    def stamp(message: Any) -> Any:
        nonlocal weight, exact, until_s
        sent_s, chosen_as = now_s(), weight
        if sent_s >= until_s:
            until_s, exact = sent_s + 1.0, ALL_IN_S
        exact -= 1
        actor.skip, weight = (0, 1) if exact > 0 else (int(chance() * (2 * ONE_IN - 1)), ONE_IN)
        return message, sent_s, chosen_as

    return stamp
