"""What temporary refusals tell of a payment: how long it rests after each, and which processor it had better leave.

An empty 500 may be the processor's outage or this payment's fault. What tells them apart is whether the processor has
settled others in between: only then it is a refusal of the payment's *own*.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REST_FIRST_S, REST_MAX_S, OWN_REST_MAX_S = 0.1, 0.5, 5.0
"""A refused payment rests for 0.1 s, then twice as long each time. In an outage up to 0.5 s, as between two probes, so
that it goes again as soon as a recovery is noticed; up to 5 s if it is refused while others settle."""

SHUN_AFTER = 3
"""With so many refusals more at one processor than at another, the other one is tried where the policy lets it."""

SLOW_S = 1.0
"""An attempt that took longer has cost its payment patience enough: its refusal counts as ``SHUN_AFTER``."""


class Refusal(NamedTuple):
    """What a processor has said to one payment.

    Args:
        times: how often it refused.
        weight: the same, slow ones counting more.
        own: how often it refused after it had settled others since the time before.
        settles: how many it had settled by then.
        reason: its last answer.
    """

    times: int
    weight: int
    own: int
    settles: int
    reason: str


NONE: Mapping[str, Refusal] = MappingProxyType({})
"""Shared by the many payments that nobody has refused."""


def refused(
    before: Mapping[str, Refusal], processor: str, reason: str, settles: int, *, slow: bool
) -> dict[str, Refusal]:
    """Add a refusal.

    Args:
        before: those so far, by processor.
        processor: who refused.
        reason: its answer.
        settles: how many posts it has settled, of any payment.
        slow: the attempt took longer than ``SLOW_S``.
    """
    last = before.get(processor) or Refusal(0, 0, 0, settles, "")
    weight = last.weight + (SHUN_AFTER if slow else 1)
    return {**before, processor: Refusal(last.times + 1, weight, last.own + (settles > last.settles), settles, reason)}


def rest_s(refusals: Mapping[str, Refusal]) -> float:
    """Seconds for which a payment rests after its last refusal."""
    times = sum(each.times for each in refusals.values())
    own = sum(each.own for each in refusals.values())
    pause_s = min(REST_FIRST_S * 2.0 ** min(times - 1, 10), REST_MAX_S)
    return max(pause_s, min(REST_FIRST_S * 2.0 ** min(own, 10), OWN_REST_MAX_S)) if own else pause_s


def shunned(refusals: Mapping[str, Refusal], processors: Iterable[str]) -> frozenset[str]:
    """The processors that have refused a payment much more often than the one that did so least."""
    weights = {name: refusals[name].weight if name in refusals else 0 for name in processors}
    least = min(weights.values(), default=0)
    return frozenset(name for name, weight in weights.items() if weight - least >= SHUN_AFTER)


def is_hopeless(refusals: Mapping[str, Refusal], processors: Iterable[str], own_max: int) -> bool:
    """Whether each processor has refused a payment so often while it settled others."""
    return all(name in refusals and refusals[name].own >= own_max for name in processors)
