"""Bugs where memory ends and the journal goes on: ids and rows that were let go, sums, and what is known already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.intake.backlog.backlog import Backlog
from actors.intake.backlog.ids import Ids
from actors.intake.taking import Taker
from actors.journal import buffer
from actors.ledger.book import Book
from actors.ledger.rows import Rows
from actors.ledger.sums import SpanSums
from tests.simulation.mutants.registry import Mutants

if TYPE_CHECKING:
    import pytest

    from actors.facts import Known
    from actors.values import Payment

MUTANTS = Mutants()

WITH_A_JOURNAL = "background", "durable"


@MUTANTS.at(*WITH_A_JOURNAL)
def an_old_id_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """The journal isn't heard."""
    patch.setattr(buffer, "knowing", lambda message, known: message)


@MUTANTS.at(*WITH_A_JOURNAL)
def ids_are_let_go_and_nobody_asks_the_journal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ids, "forgets", property(lambda self: False, lambda self, value: None), raising=False)


@MUTANTS.at(*WITH_A_JOURNAL)
def a_payment_that_was_settled_long_ago_is_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backlog, "take_back", lambda self, known: None)


@MUTANTS.at("durable")
def a_wrong_amount_stays_in_memory(patch: pytest.MonkeyPatch) -> None:
    real = Ids.take_back

    def take_back(self: Ids, payment: Payment, known: Known) -> Any:
        cents = self._cents, self._older
        self._cents, self._older = type(cents[0])(), type(cents[0])()
        try:
            return real(self, payment, known)
        finally:
            self._cents, self._older = cents

    patch.setattr(Ids, "take_back", take_back)


@MUTANTS.at("durable")
def a_repetition_is_not_put_on_record_again(patch: pytest.MonkeyPatch) -> None:
    real = Taker._facts
    patch.setattr(Taker, "_facts", lambda self, message, *, heard: real(self, message, heard=False))


@MUTANTS.at(*WITH_A_JOURNAL)
def a_payment_that_is_held_is_taken_once_more(patch: pytest.MonkeyPatch) -> None:
    """Its id has left the memory, and the journal knows it as open."""
    real = Backlog.take

    def take(self: Backlog, payment: Payment, now_s: float, **how: bool) -> Any:
        entry = self._entries.pop(payment.payment_id, None) if self.ids.forgets else None
        verdict = real(self, payment, now_s, **how)
        if entry is not None:
            self._entries.setdefault(payment.payment_id, entry)
        return verdict

    patch.setattr(Backlog, "take", take)


@MUTANTS.at(*WITH_A_JOURNAL)
def a_sum_is_counted_twice_across_a_restart(patch: pytest.MonkeyPatch) -> None:
    real = Book.extend

    def extend(self: Book, ids: Any, processors: Any, cents: Any, instants_ms: Any) -> None:
        real(self, ids, processors, cents, instants_ms)
        for name, amount, at_ms in zip(processors, cents, instants_ms, strict=True):
            self._sums[name].add(at_ms // self._sum_ms, 1, amount)

    patch.setattr(Book, "extend", extend)


@MUTANTS.at(*WITH_A_JOURNAL)
def the_edge_between_sums_and_rows_is_counted_in_both(patch: pytest.MonkeyPatch) -> None:
    real = Book._exact

    def exact(self: Book, name: str, from_ms: int | None, to_ms: int | None) -> Any:
        return real(self, name, None if from_ms is None else from_ms - self._sum_ms, to_ms)

    patch.setattr(Book, "_exact", exact)


@MUTANTS.at(*WITH_A_JOURNAL)
def a_cut_span_is_counted_as_a_whole_too(patch: pytest.MonkeyPatch) -> None:
    real = SpanSums.totals

    def totals(self: SpanSums, first: int | None, end: int | None) -> Any:
        return real(self, None if first is None else first - 1, end)

    patch.setattr(SpanSums, "totals", totals)


@MUTANTS.at(*WITH_A_JOURNAL)
def a_late_row_leaves_old_sums_of_spans(patch: pytest.MonkeyPatch) -> None:
    real = SpanSums.add

    def add(self: SpanSums, span: int, payments: int, cents: int) -> None:
        before = self._payments_before[:], self._cents_before[:]
        real(self, span, payments, cents)
        self._payments_before, self._cents_before = before

    patch.setattr(SpanSums, "add", add)


@MUTANTS.at(*WITH_A_JOURNAL)
def a_generation_of_rows_is_dropped_too_early(patch: pytest.MonkeyPatch) -> None:
    """Before sums count in their place."""
    real = Book._let_go

    def let_go(self: Book) -> None:
        self._older = Rows(self._names, *self._sizes)
        real(self)

    patch.setattr(Book, "_let_go", let_go)


@MUTANTS.at(*WITH_A_JOURNAL)
def rows_are_read_from_later_than_sums_end(patch: pytest.MonkeyPatch) -> None:
    real = Book.restore

    def restore(self: Book, sums: Any, rows_max: int) -> int | None:
        from_ms = real(self, sums, rows_max)
        return None if from_ms is None else from_ms + self._sum_ms // 2

    patch.setattr(Book, "restore", restore)
