"""Which of an actor's messages are timed: all of one that gets few, one in eight of one that gets many.

To read clocks and tell instruments costs more than a small message itself, and ten thousand of them say no more about
an actor than a thousand.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ALL_IN_S = 100
"""So many of an actor's messages in a second are timed, whatever else comes; of those behind them one in …"""
ONE_IN = 8


def sampler(now_s: Callable[[], float]) -> Callable[[Any], Any]:
    """Make what puts an instant to some of an actor's messages, before they go into its mailbox.

    Args:
        now_s: reads the clock, in seconds.

    Returns:
        A function of a message, which returns either that or a tuple of message, instant, and for how many messages it
        stands: sums of what was timed, times these, are those of all messages but for chance.
    """
    # Steps are uneven: messages come in patterns, of which even ones would see the same place each time.
    chance = Random(0).random
    left, weight, exact, until_s = 1, 1, 0, -math.inf

    def stamp(message: Any) -> Any:
        nonlocal left, weight, exact, until_s
        left -= 1
        if left:
            return message
        sent_s, chosen_as = now_s(), weight
        if sent_s >= until_s:
            until_s, exact = sent_s + 1.0, ALL_IN_S
        exact -= 1
        left, weight = (1, 1) if exact > 0 else (1 + int(chance() * (2 * ONE_IN - 1)), ONE_IN)
        return message, sent_s, chosen_as

    return stamp
