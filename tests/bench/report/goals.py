"""The goals of the benchmark, and which of them the rounds reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.bench.report import measures
from tests.bench.report.measures import ratio
from tests.bench.report.samples import spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.bench.report.samples import Measure, Sample, Spread

OURS = ("queued", "received", "durable", "fastest")
"""Subjects that are this system, in containers with the contest's limits."""

CPU_LIMIT_MS = 0.65
"""CPU time per accepted payment, all services together."""


class Goal(NamedTuple):
    """What subjects should reach.

    Args:
        title: what is measured, with its unit.
        measure: of one round; the less the better.
        limits: by subject, what it may be at most.
        always: every round has to keep within the limit; otherwise the median of the rounds.
        digits: behind the point.
    """

    title: str
    measure: Measure
    limits: Mapping[str, float]
    always: bool
    digits: int


GOALS = (
    Goal("p99 ÷ the floor's", ratio("p99"), {"queued": 1.5, "received": 1.75, "durable": 2.5}, always=False, digits=2),
    Goal("p50 ÷ the floor's", ratio("p50"), {"queued": 2}, always=False, digits=2),
    Goal("worst slice's p99 ÷ the first's", measures.worst_slice, dict.fromkeys(OURS, 3), always=False, digits=2),
    Goal("CPU per accepted payment, ms", measures.CPU, dict.fromkeys(OURS, CPU_LIMIT_MS), always=False, digits=3),
    Goal("throttled periods, steady phase", measures.THROTTLED, dict.fromkeys(OURS, 0), always=True, digits=0),
    Goal("memory at the end, MB", measures.MEMORY, dict.fromkeys(OURS, 200), always=True, digits=0),
    Goal("APIs and worker ready after, s", measures.slowest_start, dict.fromkeys(OURS, 2), always=True, digits=2),
    Goal("settled elsewhere than at the default", measures.settled_elsewhere, {"queued": 0}, always=True, digits=0),
    Goal("lag, payments", measures.lag, {"queued": 0, "fastest": 0}, always=True, digits=0),
    Goal("inconsistencies", measures.inconsistencies, {"queued": 0, "fastest": 0}, always=True, digits=0),
    Goal("differences in the books", measures.differences, dict.fromkeys(OURS, 0), always=True, digits=0),
)


class Outcome(NamedTuple):
    """What the rounds of a subject say about a goal.

    Args:
        subject: whose rounds.
        goal: which one.
        limit: for this subject.
        measured: over the rounds that have it; None if none has.
        held: rounds that kept within the limit.
        rounds: those that have it.
        reached: None if it wasn't measured.
    """

    subject: str
    goal: Goal
    limit: float
    measured: Spread | None
    held: int
    rounds: int
    reached: bool | None


def outcomes(samples: Mapping[str, Sequence[Sample]]) -> list[Outcome]:
    """How the goals of all subjects that were measured came out, subject by subject."""
    return [
        _outcome(subject, goal, goal.limits[subject], own)
        for subject, own in samples.items()
        for goal in GOALS
        if subject in goal.limits
    ]


def _outcome(subject: str, goal: Goal, limit: float, own: Sequence[Sample]) -> Outcome:
    values = [value for value in map(goal.measure, own) if value is not None]
    # Negative is a lag alone: more settled than accepted, which is worse than any positive one.
    held = sum(abs(value) <= limit for value in values)
    measured = spread(values)
    if measured is None:
        return Outcome(subject, goal, limit, None, 0, 0, None)
    reached = held == len(values) if goal.always else measured.median <= limit
    return Outcome(subject, goal, limit, measured, held, len(values), reached)
