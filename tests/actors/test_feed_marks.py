"""A purge that comes from a stream is carried out once, however often it comes, and over restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from actors.facts import FeedMark, PaymentsPurged
from actors.messages.people import GetFeedMark, PurgeDone, PurgePayments
from actors.messages.sessions import EpochRaised, SessionEpochAdopted, SubmitPayments
from tests.actors.journal_bench import PAYMENT, JournalBench

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.actors.fakes import World


@pytest.fixture
def bench(world: World) -> Iterator[JournalBench]:
    bench = JournalBench(world)
    bench.start()
    yield bench


def purge(bench: JournalBench, mark: FeedMark) -> None:
    session = bench.session.reference
    bench.system.intake.tell(PurgePayments(session, mark))
    bench.world.advance(0.0)
    bench.system.intake.tell(SessionEpochAdopted(session, bench.statistics().epoch))
    bench.world.advance(0.1)


def test_the_same_purge_again_leaves_what_came_behind_it(bench: JournalBench) -> None:
    purge(bench, FeedMark("monday", 7))
    bench.system.intake.tell(SubmitPayments(bench.session.reference, 1, 1, (PAYMENT,)))
    bench.world.advance(0.1)
    for again in (7, 5):
        purge(bench, FeedMark("monday", again))
    assert bench.session.of(PurgeDone) == [PurgeDone(1)] * 3
    assert bench.statistics().accepted == 1
    assert [each for each in bench.store.entries if isinstance(each, PaymentsPurged)] == [
        PaymentsPurged(1, FeedMark("monday", 7))
    ]


def test_a_later_one_is_another_one_and_so_is_any_of_a_stream_made_anew(bench: JournalBench) -> None:
    for number, mark in enumerate([FeedMark("monday", 7), FeedMark("monday", 8), FeedMark("tuesday", 1)], start=1):
        purge(bench, mark)
        assert bench.session.of(PurgeDone)[-1] == PurgeDone(number)
        assert bench.system.answer(GetFeedMark()) == mark


def test_one_without_a_stream_is_always_carried_out_and_leaves_the_mark(bench: JournalBench) -> None:
    purge(bench, FeedMark("monday", 7))
    purge(bench, FeedMark())
    purge(bench, FeedMark())
    assert bench.session.of(PurgeDone)[-1] == PurgeDone(3)
    assert bench.system.answer(GetFeedMark()) == FeedMark("monday", 7)


def test_the_next_worker_knows_it(world: World) -> None:
    bench = JournalBench(world)
    bench.store.restored_epoch, bench.store.restored_mark = 4, FeedMark("monday", 7)
    bench.start()
    purge(bench, FeedMark("monday", 7))
    assert bench.session.of(PurgeDone) == [PurgeDone(4)]
    assert not bench.store.entries


def test_one_that_crashes_half_way_is_told_to_the_sessions_all_the_same(
    bench: JournalBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = type(bench.world.clock)
    now_s, broken = clock.monotonic_s, [OSError("no clock")]
    monkeypatch.setattr(clock, "monotonic_s", lambda self: _raise(broken) if broken else now_s(self))
    bench.system.intake.tell(PurgePayments(bench.session.reference, FeedMark("monday", 7)))
    bench.world.advance(0.0)
    assert bench.session.of(EpochRaised) == [EpochRaised(1)]
    assert bench.system.answer(GetFeedMark()) == FeedMark("monday", 7)


def _raise(errors: list[OSError]) -> NoReturn:
    raise errors.pop()
