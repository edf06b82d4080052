"""Which processor gets a payment: pure functions of what is known of the processors.

Two policies. ``Fastest`` is what the system that we re-imagine does: the fastest healthy processor, and the cheaper one
where they are about equally fast. ``Cheapest`` keeps the fee low: payments wait for the cheapest processor, and go to
a dearer one only when their patience ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actors.intake.dispatch.choice import (
    CHEAPEST,
    EQUAL_SO_CHEAPER,
    FASTEST,
    NOBODY,
    ONLY_HEALTHY,
    PATIENCE,
    PATIENCE_OVER,
    Choice,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.values import ProcessorHealth


SLOWER_MS = 1000.0
"""A processor that is slower than the chosen one by more is measured with one payment at a time, which waits for it."""


class Fastest(NamedTuple):
    """Prefer the fastest healthy processor.

    Args:
        tolerance_ms: processors that are at most so much slower than the fastest count as equal to it.
        benchmark_slots: payments that keep measuring, at any time, a cheaper processor that isn't in use.
    """

    tolerance_ms: float = 10.0
    benchmark_slots: int = 3

    def choose(self, candidates: Sequence[ProcessorHealth], waited_s: float) -> Choice:
        """Choose for a payment that may go to any of ``candidates`` and has waited ``waited_s`` seconds."""
        healthy = [each for each in candidates if each.healthy]
        if len(healthy) < 2:
            return Choice(healthy[0].name, ONLY_HEALTHY) if healthy else NOBODY
        limit_ms = min([each.latency_ms for each in healthy]) + self.tolerance_ms
        equals = [each for each in healthy if each.latency_ms <= limit_ms]
        if len(equals) == 1:
            return Choice(equals[0].name, FASTEST)
        return Choice(min(equals, key=_price).name, EQUAL_SO_CHEAPER)

    def benchmarks(self, processors: Sequence[ProcessorHealth]) -> list[tuple[str, int]]:
        """Name the processors to keep measuring with real payments, each with how many at a time.

        A cheaper one than the chosen gets the whole share. A dearer one tells its response time at its health
        endpoint; only when that is stale does it get a single payment at a time.
        """
        name = self.choose(processors, 0.0).processor
        chosen = next((each for each in processors if each.name == name), None)
        if chosen is None:
            return []
        shares = ((each.name, self._share(each, chosen)) for each in processors if each.healthy and each is not chosen)
        return [(name, share) for name, share in shares if share]

    def _share(self, processor: ProcessorHealth, chosen: ProcessorHealth) -> int:
        is_slow = processor.latency_ms > chosen.latency_ms + SLOWER_MS
        share = self.benchmark_slots if processor.fee_bps < chosen.fee_bps else int(processor.stale)
        return min(share, self.benchmark_slots, 1 if is_slow else share)

    def may_probe(self, processors: Sequence[ProcessorHealth], name: str, waited_s: float) -> bool:
        """Whether an unhealthy processor may be probed with a payment that has waited ``waited_s``: always."""
        return True

    def patience_left_s(self, waited_s: float) -> float | None:
        """Seconds until waiting alone changes the choice: never."""
        return None


class Cheapest(NamedTuple):
    """Wait for the cheapest processor.

    Args:
        patience_s: a payment that has waited longer may go to a dearer healthy one.
    """

    patience_s: float = 5.0

    def choose(self, candidates: Sequence[ProcessorHealth], waited_s: float) -> Choice:
        """As ``Fastest.choose``."""
        cheapest = min(candidates, key=_price, default=None)
        if cheapest is not None and cheapest.healthy:
            return Choice(cheapest.name, CHEAPEST)
        healthy = [each for each in candidates if each.healthy]
        if cheapest is None or not healthy:
            return NOBODY
        if waited_s < self.patience_s:
            return Choice("", PATIENCE, cheapest.name, self.patience_s - waited_s)
        return Choice(min(healthy, key=_price).name, PATIENCE_OVER)

    def benchmarks(self, processors: Sequence[ProcessorHealth]) -> list[tuple[str, int]]:
        """None: latency doesn't matter here."""
        return []

    def may_probe(self, processors: Sequence[ProcessorHealth], name: str, waited_s: float) -> bool:
        """Whether an unhealthy processor may be probed: a dearer one only with a payment out of patience.

        A probe that succeeds has paid that processor's fee. Its health endpoint closes its circuit for nothing.
        """
        return waited_s >= self.patience_s or name == min(processors, key=_price).name

    def patience_left_s(self, waited_s: float) -> float | None:
        """Seconds until waiting alone changes the choice, None if it already has."""
        return self.patience_s - waited_s if waited_s < self.patience_s else None


Policy = Fastest | Cheapest


def _price(processor: ProcessorHealth) -> tuple[int, float]:
    return processor.fee_bps, processor.latency_ms
