"""Which two things fail at once, and when: drawn from a seed, so that a soak can be had again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROUND_S = 5.0
"""So often a pair of faults begins."""

BEGIN_MAX_S, LAST_MIN_S, LAST_MAX_S = 1.0, 0.5, 3.5
"""Both begin within the first second, and are over before the next pair."""

PROCESSOR_FAULTS = ("slow", "failing", "lying", "silent")

FAULTS: Mapping[str, Mapping[str, Sequence[str]]] = {
    store: {
        "worker": ("killed", "stopped", "drained"),
        "api": ("killed",),
        "store": of_store,
        "default": (*PROCESSOR_FAULTS, "silent by name"),
        "fallback": PROCESSOR_FAULTS,
    }
    for store, of_store in {"sqlite": ("full",), "postgres": ("frozen", "crashed")}.items()
}
"""By kind of store: what can fail, and how."""


class Strike(NamedTuple):
    """One fault.

    Args:
        subject: what fails.
        fault: how.
        begin_s: when, from the round's beginning.
        last_s: for how long, if it lasts.
        dice: 0 to 1, for what else is to be drawn: how slow, which API.
    """

    subject: str
    fault: str
    begin_s: float
    last_s: float
    dice: float

    def __str__(self) -> str:
        return f"{self.subject} {self.fault}"


def draw_rounds(seed: int, store: str) -> Iterator[tuple[Strike, Strike]]:
    """Pairs of faults without end, of different subjects.

    Args:
        seed: the seed.
        store: a key of ``FAULTS``.
    """
    chance = random.Random(f"{seed} {store}")

    def strike(subject: str) -> Strike:
        fault = chance.choice(FAULTS[store][subject])
        last_s = chance.uniform(LAST_MIN_S, LAST_MAX_S)
        return Strike(subject, fault, chance.uniform(0.0, BEGIN_MAX_S), last_s, chance.random())

    while True:
        one, other = chance.sample(list(FAULTS[store]), 2)
        yield strike(one), strike(other)
