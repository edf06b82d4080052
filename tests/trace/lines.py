"""Hops as processes write them, for tests: payments whose time goes where the test says."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
START_NS = 1_795_680_000_123_000_000
MS = 1_000_000
API, WORKER = ("payment-api-1", "00000000000000a1"), ("payment-worker", "00000000000000b2")


def line(
    hop: str,
    at_ms: float,
    took_ms: float = 0,
    attempt: int = 0,
    actor: str = "",
    *,
    id: str = ID,
    process: tuple[str, str] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """One trace line, ``at_ms`` after ``START_NS``."""
    role, run = process or (API if hop in {"api.request", "bridge.out", "bridge.back"} else WORKER)
    made: dict[str, Any] = {"at": "2026-11-26T08:00:00.123Z", "event": "trace", "role": role, "run": run}
    made |= {"correlationId": id, "hop": hop, "start_ns": START_NS + round(at_ms * MS), "took_ns": round(took_ms * MS)}
    extras = {"attempt": attempt, "actor": actor, "fields": fields}
    return made | {name: value for name, value in extras.items() if value}


def settled(
    id: str = ID, begin_ms: float = 0.0, *, backlog_ms: float = 0.2, processor_ms: float = 1.8
) -> list[dict[str, Any]]:
    """A payment that is settled at its first attempt."""
    sent_ms = 0.4 + backlog_ms
    lines = [
        line("api.request", 0, 0.9, id=id, status=202),
        line("bridge.out", 0.1, id=id),
        line("intake.taken", 0.4, actor="intake", id=id, verdict="taken", mailbox=3),
        line("bridge.back", 0.7, id=id, verdict="taken"),
        line("backlog.wait", 0.4, backlog_ms, 1, "intake", id=id),
        attempt(sent_ms + 0.1, processor_ms, 1, "default", "settled", id=id),
        line("ledger.recorded", sent_ms + processor_ms + 0.2, 0, 1, "ledger", id=id, processor="default", new=True),
    ]
    for each in lines:
        each["start_ns"] += round(begin_ms * MS)
    return lines


def refused_once(id: str = ID) -> list[dict[str, Any]]:
    """A payment that the default processor refuses and the fallback settles, 100 ms later."""
    return [
        *settled(id)[:5],
        attempt(0.7, 2.0, 1, "default", "refused", id=id, reason="HTTP 500, empty body"),
        line("backlog.wait", 2.7, 99.8, 2, "intake", id=id),
        attempt(102.6, 1.8, 2, "fallback", "settled", id=id),
        line("ledger.recorded", 104.6, 0, 2, "ledger", id=id, processor="fallback", new=True),
    ]


def attempt(
    at_ms: float, took_ms: float, number: int, processor: str, outcome: str, *, id: str = ID, **fields: Any
) -> dict[str, Any]:
    """One attempt at a processor."""
    about = {"processor": processor, "step": "post", "outcome": outcome, **fields}
    return line("payment.attempt", at_ms, took_ms, number, f"payment-{number}", id=id, **about)


def uuid(number: int) -> str:
    """The id of a payment, by a number."""
    return str(UUID(int=number << 64 | number))


def text(lines: list[dict[str, Any]], prefix: str = "") -> bytes:
    """Lines as they stand in a log."""
    return b"".join(prefix.encode() + json.dumps(each, separators=(",", ":")).encode() + b"\n" for each in lines)
