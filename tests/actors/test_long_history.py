"""With a long journal a worker holds the newest payments alone; what is older the journal knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.messages.people import GetPayment, GetRows, GetSummary
from actors.messages.sessions import VerdictsGiven
from actors.plan import Sizes
from actors.values import Payment, RowsPage, Totals, Verdict
from tests.actors.journal_bench import PAYMENT, JournalBench

if TYPE_CHECKING:
    from tests.actors.fakes import World

SUM_MS = 1000
HISTORY = [(number.to_bytes(16), 1990, "default", 1990, 100 * number) for number in range(1, 101)]
"""A hundred payments, ten a second."""
OLD = Payment((3).to_bytes(16), 1990)


@pytest.fixture(params=[True, False], ids=["durable", "in the background"])
def bench(request: pytest.FixtureRequest, world: World) -> JournalBench:
    bench = JournalBench(world)
    bench.store.restored_settled = list(HISTORY)
    bench.store.sum_ms = SUM_MS
    bench.start(durable=request.param, sizes=Sizes(sum_ms=SUM_MS, start_rows=20), memory_payments=20)
    return bench


def test_the_books_are_whole(bench: JournalBench) -> None:
    assert bench.system.answer(GetSummary()) == {"default": Totals(100, 199_000), "fallback": Totals(0, 0)}
    assert bench.system.answer(GetSummary(150, 2520))["default"] == Totals(24, 24 * 1990), "spans are cut"
    assert bench.system.answer(GetSummary(9990, 20_000))["default"] == Totals(1, 1990)
    assert bench.statistics().settled == bench.statistics().accepted == 100


def test_rows_come_in_pages_from_the_first_one(bench: JournalBench) -> None:
    page: RowsPage = bench.system.answer(GetRows(40, 25))
    assert (page.total, len(page.rows), page.rows[0].payment_id) == (100, 25, (41).to_bytes(16))


def test_an_old_payment_is_found_by_its_id(bench: JournalBench) -> None:
    (report,) = bench.system.answer(GetPayment(OLD.payment_id.hex()))
    assert (report.state, report.processor, report.amount_cents, report.requested_at_ms) == (
        "settled",
        "default",
        1990,
        300,
    )
    assert bench.system.answer(GetPayment("f" * 32)) == ()


def test_an_old_id_is_a_repetition_and_not_settled_again(bench: JournalBench) -> None:
    bench.submit(OLD)
    bench.world.advance(1.0)
    assert [each[:2] for each in bench.session.of(VerdictsGiven)] == [(1, ())]
    assert [each.posts for each in bench.processors.values()] == [[], []]
    counts = bench.statistics()
    assert (counts.accepted, counts.settled, counts.waiting, counts.duplicates) == (100, 100, 0, 1)
    bench.submit(OLD, first=2)
    assert bench.statistics().duplicates == 2, "now it is in memory"


def test_new_ones_settle_as_ever(bench: JournalBench) -> None:
    for number in range(50):
        bench.submit(Payment(bytes([7]) * 15 + bytes([number]), 5), first=1 + number)
        bench.world.advance(0.1)
    assert bench.statistics().settled == 150
    assert bench.system.answer(GetSummary())["default"] == Totals(150, 199_000 + 250)


def test_with_a_durable_journal_another_amount_is_a_conflict(world: World) -> None:
    bench = JournalBench(world)
    bench.store.restored_settled = list(HISTORY)
    bench.start(sizes=Sizes(start_rows=0), memory_payments=20)
    wrong = OLD._replace(amount_cents=5)
    bench.submit(wrong, Payment(b"n" * 16, 1), first=1)
    bench.world.advance(1.0)
    assert [each[:2] for each in bench.session.of(VerdictsGiven)] == [(2, ((1, Verdict.CONFLICT),))]
    bench.submit(wrong, OLD, first=3)
    bench.world.advance(1.0)
    assert bench.session.of(VerdictsGiven)[-1][:2] == (4, ((3, Verdict.CONFLICT),)), "the amount on record counts"
    assert bench.statistics().settled == 101


def test_repetitions_that_come_while_the_first_is_stored_go_by_the_record_too(world: World) -> None:
    bench = JournalBench(world)
    bench.store.restored_settled = list(HISTORY)
    bench.start(sizes=Sizes(start_rows=0), memory_payments=20)
    bench.store.full = True
    wrong = OLD._replace(amount_cents=5)
    bench.submit(wrong, first=1)
    bench.submit(wrong, OLD, first=2)
    bench.store.full = False
    bench.world.advance(1.0)
    verdicts = [each[:2] for each in bench.session.of(VerdictsGiven)]
    assert verdicts == [(1, ((1, Verdict.CONFLICT),)), (3, ((2, Verdict.CONFLICT),))]
    assert [each.posts for each in bench.processors.values()] == [[], []]


def test_what_was_settled_and_not_yet_on_record_is_known_to_the_commit_that_puts_it_there(world: World) -> None:
    bench = JournalBench(world)
    bench.start(durable=False, memory_payments=20)
    bench.store.full = True
    bench.submit(PAYMENT)
    bench.world.advance(0.1)
    for number in range(20):
        bench.submit(Payment(bytes([7]) * 15 + bytes([number]), 5), first=2 + number)
    bench.submit(PAYMENT, first=22)
    bench.store.full = False
    bench.world.advance(5.0)
    posts = [payment for each in bench.processors.values() for payment, _ in each.posts]
    assert posts.count(PAYMENT) == 1
    assert bench.statistics().settled == len(bench.booked()) == 21
