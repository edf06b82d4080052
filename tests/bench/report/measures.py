"""What the report says about a round: pure functions of what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.report.samples import Measure, Sample
    from tests.bench.rounds import Round, Usage


def latency(percentile: str) -> Measure:
    """A percentile of the whole run, in milliseconds."""
    return lambda sample: _latency(sample.round, percentile)


def ratio(percentile: str) -> Measure:
    """The same percentile, as a multiple of the floor's in the same set."""

    def measure(sample: Sample) -> float | None:
        floor = _latency(sample.floor, percentile) if sample.floor else 0
        return _latency(sample.round, percentile) / floor if floor else None

    return measure


def _latency(round_: Round, percentile: str) -> float:
    return float(getattr(round_.latency, percentile))


def used(amount: Callable[[Usage], float], service: str | None = None) -> Measure:
    """What a service used, or all of them together.

    Args:
        amount: what of its usage.
        service: all if None.
    """

    def measure(sample: Sample) -> float | None:
        usage = [each for name, each in sample.round.usage.items() if service in (None, name)]
        return sum(map(amount, usage)) if usage else None

    return measure


def per_payment(measure: Measure) -> Measure:
    """Another measure, divided by the payments that were accepted."""

    def divided(sample: Sample) -> float | None:
        whole = measure(sample)
        return whole / sample.round.accepted if whole is not None and sample.round.accepted else None

    return divided


CPU = per_payment(used(lambda usage: usage.cpu_ms))
"""CPU time of all services per accepted payment, in milliseconds."""

THROTTLED = used(lambda usage: usage.steady_throttled)
"""Periods of the steady phase in which a service had to wait, of all services."""

MEMORY = used(lambda usage: usage.memory_end / 1e6)
"""Memory of all services when the load ended, in MB."""


def refused(sample: Sample) -> float:
    """Requests that weren't answered with 2xx."""
    return sample.round.refused


def inconsistencies(sample: Sample) -> float:
    """Inconsistencies as the contest counts them."""
    return sample.round.inconsistencies


def differences(sample: Sample) -> float:
    """How many differences the books' checker found."""
    return len(sample.round.differences)


def lag(sample: Sample) -> float:
    """Accepted payments that weren't in the summary at the end."""
    return sample.round.lag


def score(sample: Sample) -> float | None:
    """The contest's score."""
    return sample.round.score.total if sample.round.score else None


def settled_elsewhere(sample: Sample) -> float | None:
    """Payments that weren't settled at the default processor."""
    settled = sample.round.settled
    return sum(settled.values()) - settled.get("default", 0) if any(settled.values()) else None


def default_share(sample: Sample) -> float | None:
    """Share of the settled payments that the default processor settled, in percent."""
    elsewhere, settled = settled_elsewhere(sample), sum(sample.round.settled.values())
    return None if elsewhere is None else 100 * (1 - elsewhere / settled)


def worst_slice(sample: Sample) -> float | None:
    """The greatest p99 of a slice, as a multiple of the first slice's."""
    slices = [each for each in sample.round.slices if each.count]
    return max(each.p99 for each in slices) / slices[0].p99 if slices and slices[0].p99 else None


def slowest_start(sample: Sample) -> float | None:
    """Seconds until the last of APIs and worker was ready."""
    return max((s for name, s in sample.round.ready_s.items() if name.startswith("payment-")), default=None)
