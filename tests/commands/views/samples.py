"""Answers of an API, as the views get them."""

from __future__ import annotations

from typing import Any

NOW_MS = 1_785_067_212_345
"""2026-07-26 12:00:12.345 UTC."""
ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"

ATTEMPT: dict[str, Any] = {
    "number": 1,
    "step": "post",
    "processor": "default",
    "at_ms": NOW_MS - 8800,
    "took_ms": 1.834,
    "outcome": "refused",
    "reason": "HTTP 500, empty body",
}
WAITING: dict[str, Any] = {
    "correlationId": ID,
    "amount_cents": 199_000,
    "state": "waiting",
    "taken_ms": NOW_MS - 9000,
    "since_ms": NOW_MS - 8798,
    "processor": None,
    "requested_at_ms": None,
    "why": "both processors are failing: default refuses (HTTP 500, empty body)",
    "next": "it goes to the first that is well again",
    "next_ms": NOW_MS + 300,
    "attempts": [ATTEMPT],
    "attempts_made": 1,
}
UNKNOWN: dict[str, Any] = {
    **WAITING,
    "state": "unknown",
    "processor": "fallback",
    "requested_at_ms": NOW_MS - 8700,
    "why": "fallback answered with HTTP 500 and a body, so it may have settled it",
    "next": "it is looked up there again",
    "attempts": [ATTEMPT, {**ATTEMPT, "number": 9, "step": "look-up", "outcome": "", "reason": ""}],
    "attempts_made": 9,
}
PARKED: dict[str, Any] = {
    **WAITING,
    "state": "parked",
    "why": "default: HTTP 422; fallback: HTTP 400",
    "next": "nothing by itself: `rinha parked --retry` lets it try again",
    "next_ms": None,
}
HELD: dict[str, Any] = {
    "counts": {"storing": 0, "waiting": 1204, "in_flight": 2, "unknown": 0, "parked": 0},
    "backlog_max": 100_000,
    "oldest_ms": NOW_MS - 252_000,
    "why": "both processors are failing",
    "next": "default is probed again in 0.3 s",
    "drained_ms": None,
    "drained_s": None,
    "drained_payments": 0,
}
DEFAULT: dict[str, Any] = {
    "name": "default",
    "fee_bps": 500,
    "healthy": False,
    "since_ms": NOW_MS - 4200,
    "why": "three payments in a row failed: HTTP 500, empty body",
    "next": "probed in 0.3 s",
    "latency_ms": None,
    "latency_from": None,
    "stale": False,
    "in_flight": 1,
    "settled": 80,
    "settled_cents": 160_000,
    "last_failure": "HTTP 500, empty body",
    "last_failure_ms": NOW_MS - 100,
}
FALLBACK: dict[str, Any] = {
    **DEFAULT,
    "name": "fallback",
    "fee_bps": 1500,
    "healthy": True,
    "why": "it settles payments",
    "next": "",
    "latency_ms": 3.456,
    "latency_from": "payments",
    "settled": 20,
    "settled_cents": 40_000,
    "last_failure": None,
    "last_failure_ms": None,
}
PROCESSORS: dict[str, Any] = {
    "processors": [DEFAULT, FALLBACK],
    "routing": {
        "policy": "fastest",
        "in_use": "fallback",
        "since_ms": NOW_MS - 4200,
        "reason": "only-healthy",
        "why": "it is the only one that is well",
        "back": "a probe that default settles",
        "fees_cents": 14_000.0,
        "least_fees_cents": 10_000.0,
    },
}
API: dict[str, Any] = {
    "name": "payment-api-1",
    "started_ms": NOW_MS - 3_600_000,
    "accepted": 1210,
    "refused": {"full": 12, "worker_away": 0},
    "refusing": "full",
    "refusing_since_ms": NOW_MS - 2000,
    "why": "full (100,000 of 100,000) since 2026-07-26T12:00:10.345Z",
    "last_refused": "full",
    "last_refused_ms": NOW_MS - 10,
}
WORKER: dict[str, Any] = {
    "accepted": 1210,
    "settled": 4,
    "waiting": 1204,
    "in_flight": 2,
    "unknown": 0,
    "parked": 0,
    "written_off": 0,
    "duplicates": 3,
    "conflicts": 0,
    "purged": 0,
    "dead_letters": {},
    "crashes": {},
}
EVENT: dict[str, Any] = {
    "number": 7,
    "at_ms": NOW_MS - 500,
    "level": "error",
    "event": "actor.crashed",
    "role": "payment-worker",
    "words": "intake crashed on AttemptEnded and was restarted",
    "fields": {"exception": "Traceback (most recent call last):\n  File …\nValueError: no"},
}
