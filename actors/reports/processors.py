"""How the processors are, which of them gets the payments, and why."""

from __future__ import annotations

from typing import NamedTuple


class ProcessorReport(NamedTuple):
    """One processor.

    Args:
        name: its name.
        fee_bps: its fee in basis points.
        healthy: its circuit is closed.
        since_ms: since when it is so.
        why: why it is so.
        next: what is done about it.
        latency_ms: the estimate of its response time in ms; None if none was measured.
        latency_from: ``payments`` or ``health endpoint``; empty if there is none.
        stale: nothing recent backs it.
        in_flight: attempts under way there.
        settled: payments in the books that it has settled.
        settled_cents: their sum in cents.
        last_failure: its last failure; empty if there was none.
        last_failure_ms: when that was; 0 if there was none.
    """

    name: str
    fee_bps: int
    healthy: bool
    since_ms: int
    why: str
    next: str
    latency_ms: float | None
    latency_from: str
    stale: bool
    in_flight: int
    settled: int
    settled_cents: int
    last_failure: str
    last_failure_ms: int


class RoutingReport(NamedTuple):
    """Which processor gets a payment that comes now.

    Args:
        policy: ``fastest`` or ``cheapest``.
        in_use: the processor's name; empty while payments wait.
        since_ms: since when.
        reason: why, as one of the codes in ``intake/routing.py``.
        why: the same in words.
        back: what would switch it.
        fees_cents: fees paid for all that is in the books, in cents.
        least_fees_cents: what they would be had all gone to the cheapest.
    """

    policy: str
    in_use: str
    since_ms: int
    reason: str
    why: str
    back: str
    fees_cents: float
    least_fees_cents: float


class ProcessorsReport(NamedTuple):
    """All processors in the configured order, and the choice between them."""

    processors: tuple[ProcessorReport, ...]
    routing: RoutingReport
