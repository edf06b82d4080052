"""What people are told: of payments that wait for them, of their word on one, and how many are where.

Immutable and free of behaviour, as all in ``values.py``, where the units are named.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from actors.values import Payment, ProcessorHealth


class ParkedPayment(NamedTuple):
    """A payment that waits for a person.

    Args:
        payment: the payment.
        reason: why, naming the processors' answers.
    """

    payment: Payment
    reason: str


class UnknownPayment(NamedTuple):
    """A payment that may be settled or not.

    Args:
        payment: the payment.
        processor: where it may be; empty if it may be at any of them.
        requested_at_ms: the ``requestedAt`` that it was sent with; 0 if that isn't known.
        unknown_s: for how long its outcome has been unknown, in seconds.
        reason: why it is.
    """

    payment: Payment
    processor: str
    requested_at_ms: int
    unknown_s: float
    reason: str


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


class Statistics(NamedTuple):
    """What the intake holds in the current epoch, by distinct id.

    Always ``accepted == settled + waiting + in_flight + unknown + parked + written_off``. ``differing`` counts settled
    ones that their processor holds with another amount than the one taken; the books have the processor's.
    """

    epoch: int
    accepted: int
    settled: int
    waiting: int
    in_flight: int
    unknown: int
    parked: int
    written_off: int
    duplicates: int
    conflicts: int
    purged: int
    differing: int = 0


class WorkerStatistics(NamedTuple):
    """What a worker holds, and how it is.

    Args:
        counts: the intake's.
        processors: each processor's health, in the configured order.
        dead_letters: how many there were since the start, by the message's class.
        crashes: how many there were since the start, by the actor's name.
    """

    counts: Statistics
    processors: tuple[ProcessorHealth, ...]
    dead_letters: dict[str, int]
    crashes: dict[str, int]
