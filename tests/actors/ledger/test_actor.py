"""The ledger records, answers and forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.journal.acceptance import WithoutJournal
from actors.ledger.actor import Ledger
from actors.ledger.book import Book
from actors.messages.people import GetRows, GetSummary
from actors.messages.settling import ForgetPayments, PaymentRecorded, RecordingFailed, RecordPayment
from actors.runtime.guard import ActorFailed
from actors.values import LedgerRow, RowsPage, Totals
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from actors.runtime.reference import Reference
    from tests.actors.fakes import Probe, World


@pytest.fixture
def book() -> Book:
    return Book(("default", "fallback"))


@pytest.fixture
def ledger(world: World, book: Book) -> Reference:
    return world.start("ledger", lambda me: Ledger(book, WithoutJournal(), world.recorder))


@pytest.fixture
def intake(world: World) -> Probe:
    return world.probe("intake")


def record(
    intake: Probe, number: int = 1, processor: str = "default", at_ms: int = 1000, epoch: int = 0
) -> RecordPayment:
    return RecordPayment(number.to_bytes(16), processor, 1990, at_ms, epoch, intake.reference)


def test_a_settled_payment_is_entered_and_confirmed(ledger: Reference, intake: Probe) -> None:
    ledger.tell(record(intake))
    assert intake.of(PaymentRecorded) == [PaymentRecorded((1).to_bytes(16), 0)]
    assert ledger.ask(GetSummary(), timeout=PATIENCE_S).totals == {"default": Totals(1, 1990), "fallback": Totals(0, 0)}


def test_each_is_a_hop_of_the_attempt_that_settled_it(world: World, ledger: Reference, intake: Probe) -> None:
    ledger.tell(record(intake))
    ledger.tell(record(intake)._replace(attempt=2))
    ledger.ask(GetSummary(), timeout=PATIENCE_S)
    payment_id, now_ns = (1).to_bytes(16), world.recorder.now_ns()
    assert world.recorder.records == [
        (now_ns, 0, payment_id, "ledger.recorded", 0, "ledger", {"processor": "default", "new": True}),
        (now_ns, 0, payment_id, "ledger.recorded", 2, "ledger", {"processor": "default", "new": False}),
    ]


def test_one_that_comes_twice_is_confirmed_twice_and_entered_once(ledger: Reference, intake: Probe) -> None:
    ledger.tell(record(intake))
    ledger.tell(record(intake))
    assert len(intake.of(PaymentRecorded)) == 2
    assert ledger.ask(GetSummary(), timeout=PATIENCE_S).totals["default"] == Totals(1, 1990)


def test_a_summary_covers_a_range(ledger: Reference, intake: Probe) -> None:
    for number, at_ms in enumerate((1000, 3000, 2000)):
        ledger.tell(record(intake, number, at_ms=at_ms))
    assert ledger.ask(GetSummary(from_ms=2000, to_ms=3000), timeout=PATIENCE_S).totals["default"] == Totals(2, 3980)


def test_rows_come_in_pages(ledger: Reference, intake: Probe) -> None:
    for number in range(5):
        ledger.tell(record(intake, number))
    page: RowsPage = ledger.ask(GetRows(start=3, limit=10), timeout=PATIENCE_S)
    assert (page.epoch, page.total) == (0, 5)
    assert list(page.rows) == [LedgerRow(number.to_bytes(16), "default", 1990, 1000) for number in (3, 4)]


def test_a_purge_empties_the_books_and_late_results_stay_out(ledger: Reference, intake: Probe) -> None:
    ledger.tell(record(intake, 1))
    ledger.tell(ForgetPayments(1))
    ledger.tell(record(intake, 2, epoch=0))
    ledger.tell(record(intake, 3, epoch=1))
    page: RowsPage = ledger.ask(GetRows(0, 10), timeout=PATIENCE_S)
    assert (page.epoch, [row.payment_id[-1] for row in page.rows]) == (1, [3])


def test_the_books_outlive_a_crash(ledger: Reference, intake: Probe) -> None:
    ledger.tell(record(intake))
    with pytest.raises(ActorFailed):
        ledger.ask("nonsense", timeout=PATIENCE_S)
    assert ledger.ask(GetSummary(), timeout=PATIENCE_S).totals["default"] == Totals(1, 1990)


def test_a_payment_that_cannot_be_entered_is_reported(world: World, ledger: Reference, intake: Probe) -> None:
    ledger.tell(record(intake, processor="nobody"))
    ledger.tell(record(intake, 2))
    assert intake.of(RecordingFailed) == [RecordingFailed((1).to_bytes(16), 0)]
    assert intake.of(PaymentRecorded) == [PaymentRecorded((2).to_bytes(16), 0)]
    assert world.dead_letters == {}


def test_a_purge_is_carried_out_though_handling_it_fails(
    world: World, ledger: Reference, book: Book, intake: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures, forget = [OSError("stdout is gone") for _ in range(3)], book.forget

    def forget_at_last(epoch: int) -> None:
        if failures:
            raise failures.pop()
        forget(epoch)

    monkeypatch.setattr(book, "forget", forget_at_last)
    ledger.tell(record(intake))
    ledger.tell(ForgetPayments(1))
    page: RowsPage = ledger.ask(GetRows(0, 10), timeout=PATIENCE_S)
    assert (page.epoch, page.total) == (1, 0)
    assert world.dead_letters == {}


def test_a_message_nobody_knows_is_a_dead_letter(world: World, ledger: Reference, intake: Probe) -> None:
    ledger.tell("nonsense")
    intake.of(object)
    assert world.dead_letters == {"str": 1}
