"""Bugs that show late: beyond the first bucket, block or burst, after a pause, or when something fails half-way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from actors.facts import FeedMark, PaymentsPurged
from actors.intake.actor import Intake
from actors.intake.backlog import outcomes
from actors.intake.backlog.unknowns import Unknowns
from actors.intake.credits import Credits
from actors.intake.dispatch.pace import Pace
from actors.intake.purging import Purger
from actors.ledger.timeline import Timeline
from actors.packed.id_map import IdMap
from tests.simulation.mutants.registry import Mutants

if TYPE_CHECKING:
    from actors.intake.backlog.entry import Entry
    from actors.recipient import Recipient

MUTANTS = Mutants()


@MUTANTS.at("steady")
def a_pace_that_never_fills_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Pace, "_fill", lambda self, now_s: None)


@MUTANTS.at("steady")
def ids_that_move_to_a_new_bucket_are_lost(patch: pytest.MonkeyPatch) -> None:
    real = IdMap._split_next

    def split(self: IdMap) -> None:
        real(self)
        self._buckets[-1] = b""

    patch.setattr(IdMap, "_split_next", split)


@MUTANTS.at("steady")
def ids_that_stay_in_a_bucket_that_is_split_are_lost(patch: pytest.MonkeyPatch) -> None:
    real = IdMap._split_next

    def split(self: IdMap) -> None:
        source = len(self._buckets) - self._half
        real(self)
        self._buckets[source] = b""

    patch.setattr(IdMap, "_split_next", split)


@MUTANTS.at("steady")
def only_the_last_30_ids_are_known(patch: pytest.MonkeyPatch) -> None:
    real = IdMap.add

    def add(self: IdMap, payment_id: bytes, number: int) -> None:
        if len(self) % 30 == 29:
            self._buckets = [b""] * len(self._buckets)
        real(self, payment_id, number)

    patch.setattr(IdMap, "add", add)


@MUTANTS.at("steady")
def a_row_that_comes_late_leaves_old_sums(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Timeline, "_forget_sums", lambda self, number: None)


@MUTANTS.at("background")
def suspects_are_looked_for_after_2_s(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outcomes, "LONGEST_DELAY_S", 2.0)


@MUTANTS.at("steady")
def credit_of_payments_whose_handling_was_given_up_is_lost(patch: pytest.MonkeyPatch) -> None:
    real = Intake.on_give_up

    def on_give_up(self: Intake, message: Any) -> bool:
        with pytest.MonkeyPatch.context() as within:
            within.setattr(Credits, "use", lambda self, session, payments: None)
            return real(self, message)

    patch.setattr(Intake, "on_give_up", on_give_up)


@MUTANTS.at("steady")
def unknown_outcomes_are_looked_into_without_pause(patch: pytest.MonkeyPatch) -> None:
    def push_later(self: Unknowns, entry: Entry, now_s: float) -> None:
        entry.retries += 1
        self.push(entry, now_s)

    patch.setattr(Unknowns, "push_later", push_later)


@MUTANTS.at("durable")
def a_purge_that_is_delivered_again_is_carried_out_again(patch: pytest.MonkeyPatch) -> None:
    real = Purger.purge

    def purge(self: Purger, reply_to: Recipient, mark: FeedMark) -> None:
        self._purges.mark = FeedMark()
        real(self, reply_to, mark)

    patch.setattr(Purger, "purge", purge)


@MUTANTS.at("durable")
def the_next_worker_does_not_know_which_purges_of_the_stream_were_carried_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("actors.intake.purging.PaymentsPurged", lambda epoch, mark: PaymentsPurged(epoch))
