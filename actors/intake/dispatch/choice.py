"""Where a payment goes, and why; or why it goes nowhere now."""

from __future__ import annotations

from typing import NamedTuple

ONLY_HEALTHY = "only-healthy"
FASTEST = "fastest"
EQUAL_SO_CHEAPER = "equal-so-cheaper"
CHEAPEST = "cheapest"
PATIENCE_OVER = "patience-over"
BENCHMARK = "benchmark"
PROBE = "probe"
DUE = "due"
NO_ROOM = "no-room"
ALL_UNHEALTHY = "all-unhealthy"
PATIENCE = "patience"
PACED = "paced"


class Choice(NamedTuple):
    """What was decided of a payment.

    Args:
        processor: where it goes; empty if it waits.
        reason: why, one of the above; ``words/payments.py`` puts it in words. ``DUE`` is said of one whose outcome is
            unknown: where it goes is no choice.
        awaited: the processor that it waits for; empty for any.
        left_s: after so many seconds it may go all the same; 0 if nobody knows.
    """

    processor: str
    reason: str
    awaited: str = ""
    left_s: float = 0.0


NOBODY = Choice("", ALL_UNHEALTHY)
