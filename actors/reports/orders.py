"""What becomes of a person's word on a payment."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class CloseResult(IntEnum):
    """What became of a person's word on how a payment ended. The numbers are those of the bridge's replies."""

    CLOSED = 0
    """It ended so, and that is final."""
    NO_PAYMENT = 1
    """The worker knows no payment of this id."""
    NO_PROCESSOR = 2
    """There is no processor of this name."""
    UNDER_WAY = 3
    """An attempt is under way."""
    TOO_SOON = 4
    """The processor may still commit the last attempt."""
    WAITS = 5
    """It is certainly at no processor, and will be sent."""
    SETTLED = 6
    """It is settled."""
    WRITTEN_OFF = 7
    """It is written off."""


class CloseAnswer(NamedTuple):
    """The answer to a person who says how a payment ended.

    Args:
        result: what became of it.
        wait_s: after so many seconds another try may do; 0 if none will.
    """

    result: CloseResult
    wait_s: float = 0.0


class RetryResult(IntEnum):
    """What became of a person's wish to have one payment tried again."""

    RETRIED = 0
    """It is tried again."""
    NO_PAYMENT = 1
    """The worker knows no payment of this id."""
    NOT_PARKED = 2
    """It waits for nobody: it goes on by itself, or has ended."""


class RetryAnswer(NamedTuple):
    """The answer to a person who wants one payment tried again.

    Args:
        result: what became of it.
        why: the same in words: what happens next, or where the payment is instead.
    """

    result: RetryResult
    why: str
