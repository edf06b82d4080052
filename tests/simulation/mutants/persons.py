"""Bugs in what follows from a person's word on a payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors import restoring
from actors.intake.backlog.held import Held
from actors.intake.people import closing
from tests.simulation.mutants.registry import Mutants

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from actors.intake.backlog.backlog import Backlog
    from actors.values import Payment

MUTANTS = Mutants()


@MUTANTS.at("steady")
def a_word_is_taken_while_the_processor_may_still_commit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(closing, "LONGEST_DELAY_S", 0.0)


@MUTANTS.at("steady")
def what_is_written_off_is_looked_into_all_the_same(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Held, "end_doubt", lambda self, entry: None)


@MUTANTS.at("durable")
def the_next_worker_knows_nothing_of_what_is_written_off(patch: pytest.MonkeyPatch) -> None:
    def forget(backlog: Backlog, payments: Iterable[Payment]) -> None:
        """Nothing."""

    patch.setattr(restoring, "restore_written_off", forget)
