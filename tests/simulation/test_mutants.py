"""The simulation finds bugs: each mutant of the real code is caught within 500 seeds."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import actors, bridge, edges, memory, persons, processors
from tests.simulation.run import simulate

SEEDS = 500

MUTANTS = actors.MUTANTS | bridge.MUTANTS | edges.MUTANTS | memory.MUTANTS | persons.MUTANTS | processors.MUTANTS


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found(name: str) -> None:
    assert any(_is_found(name, seed) for seed in range(SEEDS)), f"{SEEDS} seeds don't see: {name}"


def _is_found(name: str, seed: int) -> bool:
    mutant = MUTANTS[name]
    with pytest.MonkeyPatch.context() as patch:
        mutant.make(patch)
        mutated = simulate(seed, mutant.levels)
    return bool(mutated.violations) and not simulate(seed, mutant.levels).violations
