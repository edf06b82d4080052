"""The APIs' answers as the views read them: what isn't shown isn't here."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from rinha.commands.errors import CommandError
from rinha.commands.views.terminal import printable
from rinha.process import ExitCode

_Kind = TypeVar("_Kind")


class Attempt(msgspec.Struct):
    """One attempt of a payment."""

    number: int
    step: str
    processor: str | None
    at_ms: int | None
    took_ms: float
    outcome: str
    reason: str


class Payment(msgspec.Struct):
    """What became of one payment. Instants that nobody knows are None."""

    id: str = msgspec.field(name="correlationId")
    amount_cents: int
    state: str
    taken_ms: int | None
    since_ms: int | None
    processor: str | None
    requested_at_ms: int | None
    why: str
    next: str
    next_ms: int | None
    attempts: list[Attempt]
    attempts_made: int


class Payments(msgspec.Struct):
    """Some payments, the oldest first; ``total`` is how many there are where these are a part."""

    payments: list[Payment]
    total: int = 0


class Held(msgspec.Struct):
    """Whether payments wait, and why."""

    counts: dict[str, int]
    backlog_max: int
    oldest_ms: int | None
    why: str
    next: str
    drained_ms: int | None
    drained_s: float | None
    drained_payments: int


class Processor(msgspec.Struct):
    """One processor."""

    name: str
    fee_bps: int
    healthy: bool
    since_ms: int | None
    why: str
    next: str
    latency_ms: float | None
    latency_from: str | None
    stale: bool
    in_flight: int
    settled: int
    settled_cents: int
    last_failure: str | None
    last_failure_ms: int | None


class Routing(msgspec.Struct):
    """Which processor gets a payment that comes now."""

    policy: str
    in_use: str | None
    since_ms: int | None
    why: str
    back: str
    fees_cents: float
    least_fees_cents: float


class Processors(msgspec.Struct):
    """All processors, and the choice between them."""

    processors: list[Processor]
    routing: Routing


class Retry(msgspec.Struct):
    """What became of the wish to have one payment tried again."""

    result: str
    why: str


class ApiFigures(msgspec.Struct):
    """What one API has taken and refused, and why it would refuse now."""

    name: str
    started_ms: int
    accepted: int
    refused: dict[str, int]
    refusing: str | None
    refusing_since_ms: int | None
    why: str
    last_refused: str | None
    last_refused_ms: int | None


class WorkerFigures(msgspec.Struct):
    """What the worker holds, by state, and how it is."""

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
    dead_letters: dict[str, int]
    crashes: dict[str, int]


class ShardFigures(msgspec.Struct):
    """One shard; what NATS doesn't say is -1."""

    shard: int
    serving: bool
    why: str
    settled: int
    held: int
    waiting: int
    redelivered: int


class StreamFigures(msgspec.Struct):
    """The stream of payments, and its shards."""

    shards: list[ShardFigures]
    messages: int
    aside: int


class Statistics(msgspec.Struct):
    """What the worker holds, None while it is away; what the APIs did; and who gave no answer, with the reason.

    With NATS the worker's are the sums of all shards, and ``stream`` is there.
    """

    worker: WorkerFigures | None
    apis: list[ApiFigures]
    missing: list[str]
    stream: StreamFigures | None = None


class Event(msgspec.Struct):
    """Something that happened."""

    number: int
    at_ms: int
    level: str
    event: str
    role: str
    words: str
    fields: dict[str, Any]


class Events(msgspec.Struct):
    """What happened, the oldest first; and who gave no answer, with the reason."""

    events: list[Event]
    missing: list[str]


def read(answer: object, kind: type[_Kind]) -> _Kind:
    """An answer as what it must be, fit for a terminal.

    Args:
        answer: JSON.
        kind: one of the above.

    Raises:
        CommandError: it is something else.
    """
    try:
        return msgspec.convert(printable(answer), kind)
    except msgspec.ValidationError as error:
        text = f"the API answers otherwise than this version expects ({error}): use the API's own version, or --json"
        raise CommandError(text, ExitCode.REFUSED) from None
