"""Facts are on record before what follows from them happens, and many share a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
import gevent.event
import pytest

from actors.facts import AttemptStarted, PaymentsPurged, PaymentTaken
from actors.journal.acceptance import Durable, Journalled, WithoutJournal
from actors.journal.actor import CHECK_S, RETRY_S, SILENT_LOOKS, Journal
from actors.journal.buffer import JournalBuffer
from actors.journal.writer import JournalWriter
from actors.messages.journal import Commit, Persist, StoreChanged
from actors.ports import StoreBroken, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actors.facts import JournalEntry, Known
    from actors.runtime.reference import Reference
    from tests.actors.fakes import Probe, World


def taken(number: int) -> PaymentTaken:
    return PaymentTaken(number.to_bytes(16), 1990, 0)


class SlowStore:
    """Holds each transaction back until the test lets it end."""

    def __init__(self) -> None:
        self.transactions: list[list[JournalEntry]] = []
        self.errors: list[Exception] = []
        self.fault = ""
        self.known: dict[bytes, Known] = {}
        self.gate = gevent.event.Event()

    def append(self, entries: Sequence[JournalEntry]) -> list[Known]:
        self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.transactions.append(list(entries))
        return [
            self.known[each.payment_id]
            for each in entries
            if isinstance(each, PaymentTaken) and each.payment_id in self.known
        ]

    def check(self) -> None:
        self.gate.wait()
        if self.fault:
            raise StoreUnavailable(self.fault)


class Bench:
    def __init__(self, world: World) -> None:
        self.world = world
        self.store = SlowStore()
        self.client = world.probe("client")
        self.intake = world.probe("intake")
        self.broken: list[str] = []
        buffer = JournalBuffer()
        self.crashes = 0

        def journal(me: Reference) -> Journal:
            neighbours = (lambda: self.writer), (lambda: self.intake.reference)
            return Journal(me, buffer, *neighbours, self.broken.append, world.timers, world.recorder)

        self.journal = world.start("journal", journal)
        self.writer = world.start(
            "writer",
            lambda me: JournalWriter(self.store, self.journal, self.broken.append),  # type: ignore[arg-type]  # append
        )

    def persist(self, number: int) -> None:
        self.journal.tell(Persist((taken(number),), ((self.client.reference, number),)))
        gevent.idle()

    def commit(self) -> None:
        self.store.gate.set()
        gevent.idle()


@pytest.fixture
def bench(world: World) -> Iterator[Bench]:
    bench = Bench(world)
    yield bench
    bench.store.gate.set()  # or else its writer never stops
    gevent.idle()


def test_nobody_is_told_before_the_facts_are_on_disk(bench: Bench) -> None:
    bench.persist(1)
    assert bench.client.received == []
    bench.commit()
    assert bench.client.received == [1]


def test_facts_that_come_while_a_commit_runs_share_the_next(bench: Bench) -> None:
    for number in range(1, 6):
        bench.persist(number)
    bench.commit()
    assert bench.store.transactions == [[taken(1)], [taken(2), taken(3), taken(4), taken(5)]]
    assert bench.client.received == [1, 2, 3, 4, 5]


def test_an_unavailable_store_is_tried_again_and_the_intake_told(bench: Bench) -> None:
    bench.store.errors = [StoreUnavailable("disk full"), StoreUnavailable("disk full")]
    bench.persist(1)
    bench.commit()
    bench.persist(2)
    assert bench.client.received == []
    assert bench.intake.of(StoreChanged) == [StoreChanged(False)]
    bench.world.advance(2 * RETRY_S)
    assert bench.store.transactions == [[taken(1)], [taken(2)]]
    assert bench.client.received == [1, 2]
    assert bench.intake.of(StoreChanged) == [StoreChanged(False), StoreChanged(True)]


def test_a_broken_store_ends_it_and_nothing_is_promised(bench: Bench) -> None:
    bench.store.errors = [StoreBroken("fsync failed")]
    bench.persist(1)
    bench.commit()
    assert bench.broken == ["fsync failed"]
    assert bench.client.received == []


def test_a_store_that_fails_in_other_ways_is_broken_too(bench: Bench) -> None:
    bench.store.errors = [RuntimeError(), RuntimeError(), RuntimeError()]
    bench.persist(1)
    bench.commit()
    assert len(bench.broken) == 1
    assert bench.client.received == []


def test_a_crash_of_the_journal_releases_nothing_that_is_not_written(bench: Bench) -> None:
    """The commit under way is written again; that it ends twice doesn't release what comes after it."""
    bench.persist(1)
    bench.journal.tell("nonsense")
    gevent.idle()
    bench.persist(2)
    bench.store.errors = []
    bench.commit()
    first, last = bench.store.transactions[:-1], bench.store.transactions[-1]
    assert len(first) > 1
    assert all(each == [taken(1)] for each in first)
    assert last == [taken(2)]
    assert bench.client.received == [1, 2]


def test_a_late_failure_of_a_commit_that_was_written_twice_does_no_harm(bench: Bench) -> None:
    bench.persist(1)
    bench.journal.tell("nonsense")
    gevent.idle()
    bench.store.errors = [StoreUnavailable("away")] * 2
    written = bench.store.transactions

    def let_one_through() -> None:
        errors, bench.store.errors = bench.store.errors, []
        bench.store.gate.set()
        while not written:
            gevent.sleep(0)
        bench.store.errors = errors

    gevent.spawn(let_one_through).join()
    assert bench.client.of(int) == [1]
    assert bench.intake.of(StoreChanged) == []


def test_a_fact_that_is_collected_again_after_a_crash_is_collected_once() -> None:
    buffer, persist = JournalBuffer(), Persist((taken(1),))
    buffer.add(persist)
    buffer.add(persist)
    commit = buffer.begin()
    assert commit is not None
    assert commit.entries == (taken(1),)


class TestSilence:
    def test_a_store_that_is_silent_in_a_commit_is_away_until_that_ends(self, bench: Bench) -> None:
        bench.persist(1)
        bench.world.advance(SILENT_LOOKS * CHECK_S)
        assert bench.intake.of(StoreChanged) == [StoreChanged(False)]
        bench.commit()
        assert bench.client.received == [1]
        assert bench.intake.of(StoreChanged) == [StoreChanged(False), StoreChanged(True)]

    def test_one_that_is_silent_with_nothing_to_write_is_away_too(self, bench: Bench) -> None:
        bench.world.advance((1 + SILENT_LOOKS) * CHECK_S)
        assert bench.intake.of(StoreChanged) == [StoreChanged(False)]
        bench.commit()
        assert bench.intake.of(StoreChanged) == [StoreChanged(False), StoreChanged(True)]

    def test_a_commit_that_waits_behind_a_silent_check_begins_no_new_count(self, bench: Bench) -> None:
        bench.world.advance(3 * CHECK_S)
        bench.persist(1)
        bench.world.advance((SILENT_LOOKS - 2) * CHECK_S)
        assert bench.intake.of(StoreChanged) == [StoreChanged(False)]

    def test_one_that_says_it_is_away_is_away_until_it_says_otherwise(self, bench: Bench) -> None:
        bench.store.fault = "the file has gone"
        bench.store.gate.set()
        bench.world.advance(2 * CHECK_S)
        assert bench.intake.of(StoreChanged) == [StoreChanged(False)]
        bench.store.fault = ""
        bench.world.advance(CHECK_S)
        assert bench.intake.of(StoreChanged) == [StoreChanged(False), StoreChanged(True)]

    def test_one_that_answers_is_never_away(self, bench: Bench) -> None:
        bench.store.gate.set()
        for number in range(20):
            bench.persist(number)
            bench.world.advance(CHECK_S)
        bench.world.advance(20 * CHECK_S)
        assert bench.intake.of(StoreChanged) == []

    def test_looking_survives_crashes_and_is_not_doubled_by_them(self, bench: Bench) -> None:
        bench.store.gate.set()
        for _ in range(3):
            bench.journal.tell("nonsense")
        gevent.idle()
        before = len(bench.world.timers)
        bench.world.advance(10 * CHECK_S)
        assert len(bench.world.timers) < before, "the looks of crashed behaviours ended"
        bench.store.gate.clear()
        bench.world.advance((1 + SILENT_LOOKS) * CHECK_S)
        assert bench.intake.of(StoreChanged) == [StoreChanged(False)]


class TestBuffer:
    def test_a_commit_is_bounded_however_much_waits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("actors.journal.buffer.COMMIT_ENTRIES_MAX", 10)
        buffer, sizes = JournalBuffer(), []
        for number in range(25):
            buffer.add(Persist((taken(number),)))
        while commit := buffer.begin():
            sizes.append(len(commit.entries))
            buffer.end()
        assert sizes == [10, 10, 5]

    def test_attempts_that_are_made_again_and_again_take_no_more_room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("actors.journal.buffer.COMPACT_FROM", 10)
        buffer, longest = JournalBuffer(), 0
        buffer.add(Persist((taken(1),)))
        for number in range(1000):
            buffer.add(Persist((AttemptStarted(number.to_bytes(16)[-1:] * 16, "default", number, 0),)))
            longest = max(longest, len(buffer))
        entries = [each for each in (buffer.begin() or Commit(0, ())).entries if isinstance(each, AttemptStarted)]
        assert longest <= 2 * 257 + 10
        assert {each.payment_id: each.requested_at_ms for each in entries} == {
            bytes([number % 256]) * 16: number for number in range(1000 - 256, 1000)
        }

    def test_what_a_purge_has_made_void_takes_no_room_but_its_sender_is_told(
        self, monkeypatch: pytest.MonkeyPatch, bench: Bench
    ) -> None:
        monkeypatch.setattr("actors.journal.buffer.COMPACT_FROM", 10)
        buffer, told = JournalBuffer(), ((bench.client.reference, "told"),)
        for number in range(8):
            buffer.add(Persist((taken(number),)))
        buffer.add(Persist((taken(9),), told))
        buffer.add(Persist((PaymentsPurged(1),)))
        commit = buffer.begin()
        assert commit is not None
        assert commit.entries == (PaymentsPurged(1),)
        assert buffer.deliveries() == list(told)


class TestRelays:
    @pytest.fixture
    def journal(self, world: World) -> Probe:
        return world.probe("journal")

    def test_without_a_journal_others_are_told_at_once(self, bench: Bench) -> None:
        WithoutJournal().after([taken(1)], (bench.client.reference, "now"))
        assert bench.client.of(str) == ["now"]

    def test_in_the_background_others_are_told_at_once_and_the_facts_passed_on(
        self, bench: Bench, journal: Probe
    ) -> None:
        relay = Journalled(journal.reference)
        relay.after([taken(1)], (bench.client.reference, "now"))
        relay.after([], (bench.client.reference, "again"))
        assert bench.client.of(str) == ["now", "again"]
        assert journal.of(Persist) == [Persist((taken(1),))]

    def test_a_durable_one_leaves_the_telling_to_the_journal(self, bench: Bench, journal: Probe) -> None:
        then = (bench.client.reference, "later")
        Durable(journal.reference).after([taken(1)], then)
        assert bench.client.of(str) == []
        assert journal.of(Persist) == [Persist((taken(1),), (then,))]
