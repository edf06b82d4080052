"""How long things took: counts by fixed bounds, so that those of several processes add up, and differences tell of a
stretch of time.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from rinha.bridge.protocol.wire.overview import Counted

if TYPE_CHECKING:
    from collections.abc import Iterable

_STEPS = (1.0, 1.12, 1.25, 1.4, 1.6, 1.8, 2.0, 2.25, 2.5, 2.8, 3.2, 3.6, 4.0, 4.5, 5.0, 5.6, 6.3, 7.1, 8.0, 9.0)
"""Of a decade, each an eighth more than the one before: a percentile is right to within that, mostly to half of it."""
BOUNDS_MS: tuple[float, ...] = tuple(round(step * 10**decade, 6) for decade in range(-2, 5) for step in _STEPS)
"""From 10 µs to 90 s, the upper ends of the buckets; what took longer is in one more."""


NOTHING = Counted({}, 0.0)


class Histogram:
    """Counts durations.

    Args:
        counted: what to begin with.
    """

    def __init__(self, counted: Counted | None = None) -> None:
        self._counts = [0] * (len(BOUNDS_MS) + 1)
        self._sum_ms = 0.0
        if counted is not None:
            self.merge(counted)

    def add(self, took_ms: float) -> None:
        """Count one."""
        self._counts[bisect_left(BOUNDS_MS, took_ms)] += 1
        self._sum_ms += took_ms

    def merge(self, counted: Counted, sign: int = 1) -> None:
        """Add others, or with -1 take those out that were counted before. Of a bucket that there isn't, nothing."""
        for bucket, number in counted.counts.items():
            if 0 <= bucket < len(self._counts):
                self._counts[bucket] = max(0, self._counts[bucket] + sign * number)
        self._sum_ms = max(0.0, self._sum_ms + sign * counted.sum_ms)

    def counted(self) -> Counted:
        """All that is counted, without empty buckets."""
        return Counted({bucket: number for bucket, number in enumerate(self._counts) if number}, self._sum_ms)


def total(several: Iterable[Counted]) -> Counted:
    """The sum of several."""
    histogram = Histogram()
    for each in several:
        histogram.merge(each)
    return histogram.counted()


def since(now: Counted, before: Counted) -> Counted:
    """What was counted in ``now`` and not yet ``before``."""
    histogram = Histogram(now)
    histogram.merge(before, -1)
    return histogram.counted()


def percentile_ms(counted: Counted, share: float) -> float | None:
    """The duration that ``share`` of all stay within, in ms: within its bucket by its place there; None without any."""
    rank: float = share * sum(counted.counts.values())
    if not rank:
        return None
    for bucket, number in sorted(counted.counts.items()):
        if rank <= number:
            low = BOUNDS_MS[bucket - 1] if bucket else 0.0
            high = BOUNDS_MS[bucket] if bucket < len(BOUNDS_MS) else low
            return round(low + (high - low) * rank / number, 3)
        rank -= number
    return BOUNDS_MS[-1]


def cumulative(counted: Counted, bounds_ms: Iterable[float]) -> list[int]:
    """How many took no longer than each of these bounds, of which each is one of ``BOUNDS_MS``."""
    ends = [bisect_left(BOUNDS_MS, bound) for bound in bounds_ms]
    return [sum(number for bucket, number in counted.counts.items() if bucket <= end) for end in ends]
