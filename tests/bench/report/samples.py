"""Rounds sorted by subject, each beside what it compares with, and figures over several of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.bench.rounds import Round

SUBJECTS = ("floor", "queued", "received", "durable", "fastest", "base")
"""The order of the report; others follow."""

LOCAL = "local-"
"""Begins the names of subjects that were measured without containers."""


class Sample(NamedTuple):
    """A round, beside the floor's round of the same set.

    Args:
        round: what was measured.
        floor: what it compares with; None if its set has no floor.
    """

    round: Round
    floor: Round | None


class Spread(NamedTuple):
    """A figure over several rounds: the median, the least and the greatest."""

    median: float
    least: float
    most: float


Measure: TypeAlias = Callable[[Sample], float | None]
"""A figure of one round; None if that round doesn't have it."""


def by_subject(rounds: Sequence[Round]) -> dict[str, list[Sample]]:
    """Sort rounds by subject, in the report's order, each beside its floor.

    What ran without containers compares with ``local-floor`` alone: the other floor has other limits.

    Args:
        rounds: in the order that they keep within their subject.
    """
    numbered = {(each.subject, each.number): each for each in rounds}
    samples: dict[str, list[Sample]] = {
        subject: [] for subject in sorted({each.subject for each in rounds}, key=_place)
    }
    for each in rounds:
        floor = f"{LOCAL}floor" if each.subject.startswith(LOCAL) else "floor"
        samples[each.subject].append(Sample(each, numbered.get((floor, each.number))))
    return samples


def _place(subject: str) -> tuple[bool, int, str]:
    name = subject.removeprefix(LOCAL)
    return subject.startswith(LOCAL), SUBJECTS.index(name) if name in SUBJECTS else len(SUBJECTS), subject


def spread(values: Iterable[float | None]) -> Spread | None:
    """Median and range of the values that are there; None without any."""
    there = [each for each in values if each is not None]
    return Spread(statistics.median(there), min(there), max(there)) if there else None


def over(samples: Iterable[Sample], measure: Measure) -> Spread | None:
    """A measure over several rounds."""
    return spread(map(measure, samples))


def services(samples: Iterable[Sample]) -> list[str]:
    """Names of the services of a subject, in the order in which the rounds name them."""
    return list(dict.fromkeys(name for sample in samples for name in sample.round.usage))
