"""The overview of the whole system, and what it is made of: second by second, and as it is now.

Plain values, as those in ``processes.py``. A figure that nobody measured is None.
Actors are timed while somebody looks.
"""

from __future__ import annotations

from typing import NamedTuple

from actors.reports import HeldReport, PaymentReport, ProcessorsReport  # noqa: TC001  # read when these are decoded
from rinha.bridge.protocol.wire.processes import ApiReport, Event  # noqa: TC001  # the same


class Counted(NamedTuple):
    """A histogram of durations: how many by bucket (``rinha/overview/histogram.py``), and their sum in ms."""

    counts: dict[int, int]
    sum_ms: float


class ApiPulse(NamedTuple):
    """What the worker asks an API each second.

    Args:
        report: its figures, all since its start.
        credit: payments that it could send now.
        answered: how long its answers to payments took since its start, by status.
        events: what it has logged since the ``after`` of the question.
    """

    report: ApiReport
    credit: int
    answered: dict[str, Counted]
    events: tuple[Event, ...]


class ProcessorSecond(NamedTuple):
    """A processor at the end of a second; its latency is None if nothing is known."""

    healthy: bool
    latency_ms: float | None


class SecondReport(NamedTuple):
    """One second: what came in it, and what was held at its end.

    Args:
        number: of the second, which grows: the seconds since the Unix epoch at its end.
        at_ms: when it ended.
        accepted: payments answered with 202 by all APIs.
        answer_p50_ms, answer_p99_ms: how long those answers took.
        settled: payments that came into the books, by processor.
        settle_p50_ms, settle_p99_ms: how long those took from their taking.
        refused: payments answered with 503, by the reason's code; without those that there are none of.
        waiting, in_flight, unknown, parked: payments in these states.
        in_use: the processor that new ones go to; empty while they wait.
        processors: each by name.
    """

    number: int
    at_ms: int
    accepted: int
    answer_p50_ms: float | None
    answer_p99_ms: float | None
    settled: dict[str, int]
    settle_p50_ms: float | None
    settle_p99_ms: float | None
    refused: dict[str, int]
    waiting: int
    in_flight: int
    unknown: int
    parked: int
    in_use: str
    processors: dict[str, ProcessorSecond]


class Rate(NamedTuple):
    """So many a second over the last ten seconds, how long they took, and how many there are in all."""

    per_s: float
    p50_ms: float | None
    p99_ms: float | None
    total: int


class ActorReport(NamedTuple):
    """One actor.

    Args:
        name: its name.
        kind: ``intake``, ``payment``, ``health``, ``poller``, ``ledger`` or ``journal``.
        mailbox: messages that wait in its mailbox now.
        wait_ms: how long one waited there on average, of those handled in the last ten seconds.
        busy: the share of that time in which it was handling one.
        per_s: how many it handled a second.
        restarts: how often it was made anew since the start.
        processor: where it is at work now; empty for nowhere, or another kind.
        step: at what: ``post``, ``look-up`` or ``resolve``; empty for nothing.
    """

    name: str
    kind: str
    mailbox: int
    wait_ms: float | None
    busy: float | None
    per_s: float | None
    restarts: int
    processor: str
    step: str


class EdgeReport(NamedTuple):
    """So many messages of a class a second from one to another, over the last ten seconds."""

    sender: str
    receiver: str
    per_s: float | None
    message: str


class ApiState(NamedTuple):
    """An API as it answered last; ``per_s`` are payments accepted, over the last ten seconds."""

    report: ApiReport
    per_s: float
    credit: int


class SlowPayment(NamedTuple):
    """A payment that was slow: how long it took at the worker, and what took longest of that."""

    payment_id: bytes
    took_ms: float
    longest: str
    longest_ms: float


class FailedPayment(NamedTuple):
    """A payment that had trouble: when, and what in words."""

    payment_id: bytes
    at_ms: int
    why: str


class Refusals(NamedTuple):
    """Payments answered with 503 in the last minute, by the reason's code; and in words why, if they are now."""

    last_minute: int
    reasons: dict[str, int]
    why: str


class HeldPayments(NamedTuple):
    """The oldest payments of three states, so many of each."""

    unknown: tuple[PaymentReport, ...] = ()
    parked: tuple[PaymentReport, ...] = ()
    waiting: tuple[PaymentReport, ...] = ()


class Overview(NamedTuple):
    """Everything that one page needs.

    Args:
        run: of the worker: 16 hexadecimal digits.
        started_ms: since when it runs.
        seconds: those after the one that was asked for, the oldest first.
        accepted, settled: payments answered with 202, and those that came into the books.
        refused: those that were refused.
        apis: those that answered in the last second.
        processors: how they are, which is in use and why, and the fees.
        held: what is held, and why.
        payments: the oldest of that.
        actors: all of them.
        edges: what they tell each other.
        slowest: of the last minute.
        failed: the newest.
        events: what all processes logged last, the oldest first.
        dead_letters, crashes: since the start.
        missing: who gave no answer, and why.
    """

    run: str
    started_ms: int
    seconds: tuple[SecondReport, ...]
    accepted: Rate
    settled: Rate
    refused: Refusals
    apis: tuple[ApiState, ...]
    processors: ProcessorsReport
    held: HeldReport
    payments: HeldPayments
    actors: tuple[ActorReport, ...]
    edges: tuple[EdgeReport, ...]
    slowest: tuple[SlowPayment, ...]
    failed: tuple[FailedPayment, ...]
    events: tuple[Event, ...]
    dead_letters: int
    crashes: int
    missing: tuple[str, ...]
