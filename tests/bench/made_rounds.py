"""Rounds that nobody measured, to test the report with."""

from __future__ import annotations

from typing import Any

from tests.bench.rounds import Host, Latency, Round, Score, Slice, Usage


def made_round(subject: str = "queued", number: int = 1, **fields: Any) -> Round:
    """A round in which all goals are reached beside `made_floor`, but for the fields given."""
    made: dict[str, Any] = {
        "subject": subject,
        "number": number,
        "started_at": f"2026-11-22T10:{number:02}:00Z",
        "revision": "v1-3-gabcdef0",
        "host": Host(2, "some model", "6.1.0", 0.25),
        "users": 550,
        "seconds": 60,
        "sent": 1000,
        "accepted": 1000,
        "refused": 0,
        "latency": made_latency(p50=1, p95=3, p99=4),
        "slices": [made_slice(number, p99=4) for number in range(12)],
        "score": Score(19900, 995, 18905, 0.14, 0, 21551.7),
        "settled": {"default": 1000, "fallback": 0},
        "lag": 0,
        "inconsistencies": 0,
        "differences": [],
        "ready_s": {"haproxy": 9.0, "payment-api-1": 1.0, "payment-worker": 1.5},
        "usage": {"haproxy": made_usage(80), "payment-api-1": made_usage(200), "payment-worker": made_usage(300)},
    }
    return Round(**(made | fields))


def made_floor(number: int = 1, **fields: Any) -> Round:
    """A round of the floor: p50 1 ms, p99 4 ms."""
    made = {"score": None, "settled": {}, "ready_s": {}, "usage": {"haproxy": made_usage(80)}}
    return made_round("floor", number, **(made | fields))


def made_latency(p50: float, p95: float, p99: float) -> Latency:
    return Latency(p50=p50, p90=p95, p95=p95, p99=p99, p99_9=2 * p99, max=3 * p99)


def made_slice(number: int, p99: float, count: int = 80) -> Slice:
    """One of five seconds."""
    return Slice(5.0 * number, 5.0 * number + 5, count, p50=1, p95=3, p99=p99, max=2 * p99)


def made_usage(cpu_ms: float, steady_throttled: int = 0, memory_end: int = 30_000_000) -> Usage:
    """Three quarters of the time in user mode."""
    return Usage(
        cpu_ms,
        user_ms=0.75 * cpu_ms,
        system_ms=0.25 * cpu_ms,
        cpu_limit=0.5,
        periods=600,
        throttled=steady_throttled + 2,
        steady_periods=400,
        steady_throttled=steady_throttled,
        memory_peak=memory_end + 1_000_000,
        memory_end=memory_end,
        memory_limit=50_000_000,
    )
