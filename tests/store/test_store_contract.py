"""What every store does."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.facts import (
    AttemptRefused,
    AttemptStarted,
    FeedMark,
    Known,
    OpenPayment,
    PaymentClosed,
    PaymentCrashed,
    PaymentSettled,
    PaymentsPurged,
    PaymentTaken,
    SpanSum,
)
from actors.ports import SUM_MS, StoreUnavailable
from actors.values import LedgerRow, Payment, Totals
from rinha.store.postgres import store as postgres
from rinha.store.sqlite import store as sqlite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.facts import JournalEntry
    from actors.ports import Store
    from tests.store.conftest import Place

A, B, C = (bytes([number]) * 16 for number in (1, 2, 3))
SettledRow = tuple[bytes, int, str, int, int]


class Contents(NamedTuple):
    epoch: int
    settled: list[SettledRow]
    open: list[OpenPayment]


def contents(store: Store) -> Contents:
    return Contents(store.epoch(), [row for chunk in store.settled() for row in chunk], store.open())


def taken(payment_id: bytes, cents: int = 1990, epoch: int = 0) -> PaymentTaken:
    return PaymentTaken(payment_id, cents, epoch)


def settled(payment_id: bytes, cents: int = 1990, at_ms: int = 7, epoch: int = 0) -> PaymentSettled:
    return PaymentSettled(payment_id, "default", cents, at_ms, epoch)


def test_a_new_store_is_empty(place: Place) -> None:
    assert contents(place.open()) == (0, [], [])


def test_a_payments_life_is_kept(place: Place) -> None:
    store = place.open()
    store.append([taken(A), taken(B, 5)])
    assert store.open() == [OpenPayment(Payment(A, 1990), "", 0), OpenPayment(Payment(B, 5), "", 0)]
    store.append([AttemptStarted(A, "default", 1_750_000_000_123, 0)])
    store.append([AttemptStarted(A, "fallback", 1_750_000_000_456, 0)])
    assert store.open()[0] == OpenPayment(Payment(A, 1990), "fallback", 1_750_000_000_456)
    store.append([PaymentSettled(A, "fallback", 1989, 1_750_000_000_456, 0)])
    kept = (0, [(A, 1990, "fallback", 1989, 1_750_000_000_456)], [OpenPayment(Payment(B, 5), "", 0)])
    assert contents(store) == kept
    place.close()
    assert contents(place.open()) == kept


def test_the_mark_of_the_last_purge_from_a_stream_is_kept(place: Place) -> None:
    store = place.open()
    assert (store.feed_mark(), store.shard()) == (FeedMark(), 0)
    store.append([PaymentsPurged(1, FeedMark("monday", 7)), taken(A, epoch=1)])
    store.append([PaymentsPurged(2, FeedMark("monday", 9)), PaymentsPurged(3, FeedMark("monday", 11))])
    store.append([taken(A, epoch=3)])
    place.close()
    assert place.open().feed_mark() == FeedMark("monday", 11)


def closed(payment_id: bytes, *, written_off: bool, reason: str = "in no books", epoch: int = 0) -> PaymentClosed:
    return PaymentClosed(payment_id, 1990, written_off, "ada (10.0.0.7)", reason, 1_750_000_000_123, epoch)


def test_what_is_written_off_is_open_no_more_and_stays_known(place: Place) -> None:
    store = place.open()
    store.append([taken(A), taken(B), AttemptStarted(A, "default", 7, 0)])
    store.append([closed(A, written_off=True, reason="„nirgends“ 'x'\\")])
    for again in (closed(A, written_off=True), AttemptStarted(A, "default", 8, 0), taken(A)):
        store.append([again])
    for _ in range(2):
        assert contents(store) == (0, [], [OpenPayment(Payment(B, 1990), "", 0)])
        assert store.written_off() == [Payment(A, 1990)]
        place.close()
        store = place.open_when_free()
    store.append([PaymentsPurged(1), taken(A, epoch=1)])
    assert store.written_off() == []
    assert len(store.open()) == 1


def test_what_a_person_settled_is_settled(place: Place) -> None:
    store = place.open()
    store.append([taken(A), AttemptStarted(A, "default", 7, 0)])
    store.append([closed(A, written_off=False), settled(A, 5, 6)])
    assert contents(store) == (0, [(A, 1990, "default", 5, 6)], [])
    assert store.written_off() == []
    store.append([closed(A, written_off=True)])
    assert store.written_off() == [], "what is settled stays so"


def test_a_journal_keeps_its_id_and_no_other_has_it(place: Place) -> None:
    first = place.open().journal_id()
    assert len(first) == 16
    place.close()
    assert place.open_when_free().journal_id() == first
    place.clear()
    assert place.open().journal_id() != first


def test_one_that_stands_where_it_was_is_well(place: Place) -> None:
    store = place.open()
    store.append([taken(A)])
    store.check()


def test_settled_payments_come_in_the_order_of_settling_and_open_ones_in_that_of_taking(place: Place) -> None:
    store = place.open()
    ids = [number.to_bytes(16, "little") for number in range(40)]
    store.append([taken(each) for each in ids])
    store.append([settled(each) for each in reversed(ids[:20])])
    assert [row[0] for row in contents(store).settled] == ids[:20][::-1]
    assert [each.payment.payment_id for each in store.open()] == ids[20:]


def test_entries_may_come_twice(place: Place) -> None:
    store = place.open()
    entries: list[JournalEntry] = [taken(A), AttemptStarted(A, "default", 7, 0), taken(B), settled(A)]
    store.append(entries)
    once = contents(store)
    for entry in entries:
        store.append([entry])
    store.append(entries + entries)
    assert contents(store) == once


def test_the_first_amount_and_the_first_settlement_stand(place: Place) -> None:
    store = place.open()
    store.append([taken(A, 1), taken(A, 2), taken(B, 3)])
    store.append([taken(B, 4)])
    store.append([settled(A, 5, 6), settled(A, 7, 8)])
    store.append([settled(A, 9, 10), taken(A, 11)])
    assert contents(store) == (0, [(A, 1, "default", 5, 6)], [OpenPayment(Payment(B, 3), "", 0)])


def test_a_settlement_of_a_payment_that_was_never_taken_is_kept(place: Place) -> None:
    store = place.open()
    store.append([settled(A, 12, 34)])
    store.append([AttemptStarted(A, "fallback", 56, 0), AttemptStarted(B, "fallback", 56, 0)])
    assert contents(store) == (0, [(A, 12, "default", 12, 34)], [])


def test_a_purge_leaves_nothing_and_frees_the_ids(place: Place) -> None:
    store = place.open()
    store.append([taken(A), taken(B), settled(A)])
    store.append([taken(C), PaymentsPurged(1), taken(B, 6, epoch=1)])
    kept = Contents(1, [], [OpenPayment(Payment(B, 6), "", 0)])
    assert contents(store) == kept
    store.append([taken(A), AttemptStarted(B, "default", 1, 0), settled(B), PaymentsPurged(0)])
    assert contents(store) == kept
    place.close()
    assert contents(place.open()) == kept


def test_an_entry_of_a_later_epoch_begins_it(place: Place) -> None:
    store = place.open()
    store.append([taken(A), settled(B)])
    store.append([settled(A, 5, 6, epoch=3)])
    assert contents(store) == (3, [(A, 5, "default", 5, 6)], [])


def test_rows_of_earlier_epochs_go_little_by_little_and_the_present_ones_stay(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sqlite, postgres):
        monkeypatch.setattr(module, "PRUNED_ROWS", 3)
    store = place.open()
    ids = [number.to_bytes(16) for number in range(30)]
    store.append([*map(taken, ids), *map(settled, ids[:20])])
    store.append([PaymentsPurged(1)])
    for number, each in enumerate(ids):
        store.append([settled(each, epoch=1), taken(each[::-1], epoch=1)])
        assert len(contents(store).settled) == number + 1
    assert [row[0] for row in contents(store).settled] == ids


def test_many_chunks(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sqlite, postgres):
        monkeypatch.setattr(module, "CHUNK_ROWS", 4)
    store = place.open()
    ids = [number.to_bytes(16) for number in range(9)]
    store.append([*map(settled, ids[:3]), PaymentsPurged(1)])
    store.append([settled(each, epoch=1) for each in ids])
    chunks = list(store.settled())
    assert [row[0] for chunk in chunks for row in chunk] == ids
    assert max(map(len, chunks)) <= 4
    assert all(chunks)


def test_a_half_read_journal_can_be_closed(place: Place) -> None:
    store = place.open()
    store.append([settled(A)])
    next(iter(store.settled()))
    store.append([settled(B)])
    store.close()
    store.close()


@pytest.mark.parametrize(
    "bad",
    [
        taken(b"short"),
        taken(A, 2**63),
        settled(A, at_ms=2**70),
        closed(A, written_off=True)._replace(at_ms=2**70),
        PaymentsPurged(2**63),
        PaymentsPurged(1, FeedMark("monday", 2**63)),
    ],
)
def test_an_entry_that_no_store_can_keep_is_the_callers_fault_and_nothing_is_written(
    place: Place, bad: JournalEntry
) -> None:
    store = place.open()
    with pytest.raises(ValueError, match="can't be kept"):
        store.append([taken(B), bad])
    assert contents(store) == (0, [], [])
    store.append([taken(B)])
    assert len(store.open()) == 1


def test_a_second_worker_is_kept_out(place: Place) -> None:
    store = place.open()
    store.append([taken(A)])
    second = place.open()
    with pytest.raises(StoreUnavailable, match="in use by another worker"):
        second.epoch()
    store.close()
    assert len(place.open_when_free().open()) == 1


def test_what_is_settled_or_written_off_is_known(place: Place) -> None:
    store = place.open()
    written_off = closed(B, written_off=True)._replace(amount_cents=2)
    known = store.append([taken(A, 1), taken(B, 2), settled(A, 9), written_off])
    assert set(known) == {Known(A, 1, False), Known(B, 2, True)}
    assert list(store.append([taken(B, 5), taken(A, 6), taken(C, 7)])) == [Known(B, 2, True), Known(A, 1, False)]
    assert contents(store).open == [OpenPayment(Payment(C, 7), "", 0)]
    assert list(store.append([taken(C), settled(C), settled(A)])) == [Known(C, 7, False)], "settled by this very append"
    store.append([settled(B, 9)])
    assert set(store.append([taken(A), taken(B), taken(C)])) == {
        Known(A, 1, False),
        Known(B, 9, False),
        Known(C, 7, False),
    }
    store.append([taken(bytes(16)), closed(bytes(16), written_off=False)])
    assert list(store.append([taken(bytes(16))])) == [], "it is open as long as no settlement came"
    assert list(store.append([PaymentsPurged(1), taken(A, epoch=1)])) == []
    assert list(store.append([taken(A), taken(B), taken(A, epoch=1)])) == []


IDS = st.sampled_from([A, B, C, b"\0" * 16])
SMALL = st.integers(0, 3)
HUGE = 2**63 - 1
CENTS = st.sampled_from([0, 1, 2, 3, 2**32, HUGE])
INSTANTS = st.sampled_from([0, 1, 2, 3, 999, 1000, 59_999, 60_000, -1, -60_000, -60_001, HUGE - 1, -HUGE])
"""None is the last of all: a span ends behind it."""
EPOCHS = st.sampled_from([0, 0, 0, 1, 1, 2])
MARKS = st.builds(FeedMark, st.sampled_from(["", "ü"]), SMALL)
PROCESSORS = st.sampled_from(["default", "fallback", "ü 'x'\\"])
ENTRIES = st.one_of(
    st.builds(PaymentTaken, IDS, SMALL, EPOCHS),
    st.builds(AttemptStarted, IDS, PROCESSORS, SMALL, EPOCHS),
    st.builds(AttemptRefused, IDS, EPOCHS),
    st.builds(PaymentCrashed, IDS, SMALL, EPOCHS),
    st.builds(PaymentSettled, IDS, PROCESSORS, CENTS, INSTANTS, EPOCHS),
    st.builds(PaymentClosed, IDS, SMALL, st.booleans(), st.just("ü"), st.just(""), SMALL, EPOCHS),
    st.builds(PaymentsPurged, EPOCHS, MARKS),
)
KINDS = {
    PaymentsPurged: 0,
    PaymentTaken: 1,
    AttemptStarted: 2,
    AttemptRefused: 2,
    PaymentCrashed: 2,
    PaymentSettled: 3,
    PaymentClosed: 4,
}
"""In which order the kinds of one append count."""


class Model:
    """A journal as dictionaries."""

    def __init__(self) -> None:
        self.epoch = 0
        self.open: dict[bytes, OpenPayment] = {}
        self.settled: dict[bytes, SettledRow] = {}
        self.closed: dict[bytes, PaymentClosed] = {}

    def is_written_off(self, payment_id: bytes) -> bool:
        return payment_id in self.closed and self.closed[payment_id].written_off

    def append(self, entries: Sequence[JournalEntry]) -> set[Known]:
        """What is known of those that are taken counts as it is after it."""
        self._append(entries)
        known: set[Known] = set()
        for entry in entries:
            if isinstance(entry, PaymentTaken) and entry.epoch == self.epoch:
                each = entry.payment_id
                if each in self.settled:
                    known.add(Known(each, self.settled[each][1], False))
                elif self.is_written_off(each):
                    known.add(Known(each, self.closed[each].amount_cents, True))
        return known

    def sums(self) -> list[SpanSum]:
        found: dict[tuple[int, str], tuple[int, int]] = {}
        for _, _, processor, cents, at_ms in self.settled.values():
            payments, total = found.get((at_ms // SUM_MS, processor), (0, 0))
            found[at_ms // SUM_MS, processor] = payments + 1, total + cents
        return [SpanSum(name, minute * SUM_MS, *found[minute, name]) for minute, name in sorted(found)]

    def totals(self, spans: Sequence[tuple[int, int]]) -> dict[str, Totals]:
        found: dict[str, Totals] = {}
        for start, end in spans:
            for _, _, processor, cents, at_ms in self.settled.values():
                if start <= at_ms < end:
                    before = found.get(processor, Totals(0, 0))
                    found[processor] = Totals(before.requests + 1, before.amount_cents + cents)
        return found

    def _append(self, entries: Sequence[JournalEntry]) -> None:
        for entry in sorted(entries, key=lambda each: (each.epoch, KINDS[type(each)])):
            if entry.epoch > self.epoch:
                self.epoch = entry.epoch
                self.open.clear()
                self.settled.clear()
                self.closed.clear()
            if entry.epoch < self.epoch:
                continue
            match entry:
                case PaymentTaken(each, cents) if each not in self.settled and not self.is_written_off(each):
                    self.open.setdefault(each, OpenPayment(Payment(each, cents), "", 0))
                case AttemptStarted(each, processor, at_ms) if each in self.open:
                    self.open[each] = self.open[each]._replace(processor=processor, requested_at_ms=at_ms)
                case AttemptRefused(each) if each in self.open:
                    self.open[each] = self.open[each]._replace(processor="", requested_at_ms=0)
                case PaymentCrashed(each, crashes) if each in self.open:
                    self.open[each] = self.open[each]._replace(crashes=crashes)
                case PaymentSettled(each, processor, cents, at_ms) if each not in self.settled:
                    was = self.open.pop(each, None)
                    self.settled[each] = (each, was.payment.amount_cents if was else cents, processor, cents, at_ms)
                case PaymentClosed(each) if each not in self.closed:
                    self.closed[each] = entry
                    if entry.written_off:
                        self.open.pop(each, None)
                case _:
                    pass


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.one_of(st.lists(ENTRIES, max_size=8), st.none()), max_size=12),
    st.lists(st.tuples(INSTANTS, st.integers(0, SUM_MS)), max_size=3),
)
def test_it_does_as_two_dictionaries_do(
    place: Place, appends: list[list[JournalEntry] | None], starts: list[tuple[int, int]]
) -> None:
    """None closes the store and opens it again."""
    place.clear()
    model, store = Model(), place.open()
    spans = [(start, start + length) for start, length in starts]
    for entries in appends:
        if entries is None:
            place.close()
            store = place.open_when_free()
        else:
            known = store.append(entries)
            assert set(known) == model.append(entries)
            assert len(set(known)) == len(known)
        assert contents(store) == (model.epoch, list(model.settled.values()), list(model.open.values()))
        assert [each.payment_id for each in store.written_off()] == [
            each for each in model.closed if model.is_written_off(each) and each not in model.settled
        ]
        assert list(store.sums()) == model.sums()
    assert store.epoch() == model.epoch
    with closing(store.history()) as history:
        assert history.totals(model.epoch, spans) == model.totals(spans)
        assert history.totals(model.epoch + 1, spans) is None
        rows = [LedgerRow(row[0], *row[2:]) for row in model.settled.values()]
        assert history.rows(model.epoch, 0, 9) == rows
        assert [history.row(model.epoch, row.payment_id) for row in rows] == rows
