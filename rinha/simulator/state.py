"""Everything that one simulated processor is and remembers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from rinha.simulator.faults import Faults
from rinha.simulator.limiter import ConcurrencyLimiter, FixedWindowLimiter
from rinha.simulator.rows import Rows


@dataclass(frozen=True)
class Limits:
    """The real processors' limits; tests may set smaller ones.

    Args:
        at_work: payments and look-ups at work together.
        queued: payments and look-ups waiting beyond these.
        health_window_s: seconds in which one health call is answered.
        health_queued: health calls waiting for later windows.
    """

    at_work: int = 800
    queued: int = 500
    health_window_s: float = 5.0
    health_queued: int = 2


@dataclass
class Counters:
    """What was asked of the processor and what it did, for tests. A purge leaves them."""

    posts: int = 0
    posts_by_outcome: Counter[str] = field(default_factory=Counter)
    lookups: int = 0
    lookups_by_outcome: Counter[str] = field(default_factory=Counter)
    health_by_outcome: Counter[str] = field(default_factory=Counter)
    health_calls_ms: list[int] = field(default_factory=list)
    """Arrival of every health call, milliseconds since the Unix epoch."""


class State:
    """One simulated processor.

    Args:
        name: for people.
        fee_bps: its fee in basis points.
        seed: seed of the faults' randomness, None for an unpredictable one.
        limits: how much it takes at once.
    """

    def __init__(self, name: str, fee_bps: int, seed: int | None, limits: Limits) -> None:
        self.name = name
        self.fee_bps = fee_bps
        self.limits = limits
        self.token = "123"
        self.delay_ms = 0
        self.failing = False
        self.rows = Rows()
        self.faults = Faults(Random(seed))
        self.limiter = ConcurrencyLimiter(limits.at_work, limits.queued)
        self.health_limiter = FixedWindowLimiter(limits.health_window_s, limits.health_queued)
        self.counters = Counters()
