"""A blocking store beside a gevent hub."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import gevent
import pytest

from actors.facts import FeedMark, Known, OpenPayment, PaymentTaken, SpanSum
from actors.ports import StoreUnavailable
from actors.values import LedgerRow, Payment, Totals
from rinha.store.gevent_history import GeventHistory
from rinha.store.one_thread import OneThread
from rinha.store.threadpool import ThreadpoolStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actors.facts import JournalEntry

ENTRY = PaymentTaken(b"0" * 16, 1, 0)


class BlockingHistory:
    """Blocks its thread in ``row`` until it is let go, and notes who called."""

    blocks_thread = True

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.threads: set[int] = set()
        self.asked = False
        self.closed = 0

    def totals(self, epoch: int, spans: Sequence[tuple[int, int]]) -> dict[str, Totals] | None:
        self.threads.add(threading.get_ident())
        return {"default": Totals(epoch, spans[0][1])}

    def rows(self, epoch: int, start: int, limit: int) -> list[LedgerRow] | None:
        raise StoreUnavailable(f"no rows of {epoch} from {start}, {limit} of them")

    def row(self, epoch: int, payment_id: bytes) -> LedgerRow | None:
        self.threads.add(threading.get_ident())
        self.asked = True
        assert self.let_go.wait(30)
        return LedgerRow(payment_id, "default", 1, epoch)

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed += 1


class BlockingStore:
    """Blocks its thread in ``append`` until it is let go, and notes who called."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.threads: set[int] = set()
        self.appended: list[JournalEntry] = []
        self.at_work = 0
        self.closed = 0
        self.interrupted = False
        self.from_ms: int | None = None
        self.questions = BlockingHistory()

    def epoch(self) -> int:
        self.threads.add(threading.get_ident())
        return 7

    def journal_id(self) -> bytes:
        return b"j" * 16

    def sums(self) -> Sequence[SpanSum]:
        return [SpanSum("default", 0, 1, 1990)]

    def history(self) -> BlockingHistory:
        return self.questions

    def settled(self, from_ms: int | None = None) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        self.from_ms = from_ms
        for number in range(3):
            self.threads.add(threading.get_ident())
            yield [(bytes([number]) * 16, 1, "default", 1, 1)]
        raise StoreUnavailable("on the last chunk")

    def open(self) -> list[OpenPayment]:
        raise StoreUnavailable("away")

    def shard(self) -> int:
        return 0

    def feed_mark(self) -> FeedMark:
        return FeedMark()

    def written_off(self) -> list[Payment]:
        return [Payment(b"0" * 16, 1)]

    def append(self, entries: Sequence[JournalEntry]) -> Sequence[Known]:
        self.threads.add(threading.get_ident())
        self.at_work += 1
        assert self.at_work == 1, "one call at a time"
        assert self.let_go.wait(30)
        self.at_work -= 1
        self.appended += entries
        return [Known(b"0" * 16, 1, True)]

    def keep_place(self) -> None:
        pass

    def check(self) -> None:
        assert self.let_go.wait(30)
        if self.interrupted:
            raise StoreUnavailable("interrupted")

    def interrupt(self) -> None:
        self.interrupted = True
        self.let_go.set()

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed += 1


@pytest.fixture
def blocking() -> BlockingStore:
    return BlockingStore()


@pytest.fixture
def store(blocking: BlockingStore) -> Iterator[ThreadpoolStore]:
    store = ThreadpoolStore(blocking)
    yield store
    blocking.let_go.set()
    store.close()


def test_the_hub_runs_on_while_calls_wait_and_these_run_one_by_one(
    blocking: BlockingStore, store: ThreadpoolStore
) -> None:
    waiting = [gevent.spawn(store.append, [ENTRY]) for _ in range(3)]
    turns = 0
    while not blocking.at_work or turns < 20:
        gevent.sleep(0.001)
        turns += 1
    assert blocking.appended == []
    blocking.let_go.set()
    gevent.joinall(waiting, timeout=30, raise_error=True)
    assert blocking.appended == [ENTRY] * 3


def test_every_call_comes_from_one_thread_that_is_not_the_hubs(blocking: BlockingStore, store: ThreadpoolStore) -> None:
    blocking.let_go.set()
    assert store.epoch() == 7
    assert store.written_off() == [Payment(b"0" * 16, 1)]
    store.append([ENTRY])
    with pytest.raises(StoreUnavailable):
        list(store.settled())
    store.close()
    assert len(blocking.threads) == 1
    assert threading.get_ident() not in blocking.threads


def test_chunks_come_one_by_one_and_then_the_error(store: ThreadpoolStore) -> None:
    chunks = store.settled()
    assert [next(chunks)[0][0][0] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(StoreUnavailable, match="last chunk"):
        next(chunks)


def test_an_error_reaches_the_caller_and_is_printed_nowhere(
    store: ThreadpoolStore, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StoreUnavailable, match="away"):
        store.open()
    assert capfd.readouterr().err == ""


def test_a_call_whose_caller_gave_up_ends_by_itself(blocking: BlockingStore, store: ThreadpoolStore) -> None:
    caller = gevent.spawn(store.append, [ENTRY])
    while not blocking.at_work:
        gevent.sleep(0.001)
    caller.kill()
    blocking.let_go.set()
    assert store.epoch() == 7
    assert blocking.appended == [ENTRY]


def test_closing_waits_for_calls_at_work_and_ends_the_thread(blocking: BlockingStore, store: ThreadpoolStore) -> None:
    before = threading.active_count()
    caller = gevent.spawn(store.append, [ENTRY])
    while not blocking.at_work:
        gevent.sleep(0.001)
    gevent.spawn_later(0.01, blocking.let_go.set)
    store.close()
    store.close()
    assert (blocking.appended, blocking.closed) == ([ENTRY], 1)
    caller.get(timeout=30)
    assert threading.active_count() <= before


def test_a_call_that_lasts_too_long_is_interrupted(store: ThreadpoolStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rinha.store.one_thread.CALL_TIMEOUT_S", 0.01)
    with pytest.raises(StoreUnavailable, match="interrupted"):
        store.check()


def test_closing_does_not_wait_for_a_call_that_hangs(
    blocking: BlockingStore, store: ThreadpoolStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rinha.store.threadpool.CLOSE_TIMEOUT_S", 0.01)
    hanging = gevent.spawn(store.append, [ENTRY])
    while not blocking.at_work:
        gevent.sleep(0)
    store.close()
    assert blocking.appended == []
    blocking.let_go.set()
    hanging.join()
    assert blocking.appended == [ENTRY]


def test_all_answers_are_passed_on(blocking: BlockingStore, store: ThreadpoolStore) -> None:
    blocking.let_go.set()
    assert store.append([ENTRY]) == [Known(b"0" * 16, 1, True)]
    assert store.sums() == [SpanSum("default", 0, 1, 1990)]
    next(iter(store.settled(7)))
    assert blocking.from_ms == 7


def test_questions_and_commits_do_not_wait_for_each_other(blocking: BlockingStore, store: ThreadpoolStore) -> None:
    history, questions = store.history(), blocking.questions
    question, commit = gevent.spawn(history.row, 3, b"1" * 16), gevent.spawn(store.append, [ENTRY])
    while not (questions.asked and blocking.at_work):
        gevent.sleep(0.001)
    questions.let_go.set()
    assert question.get(timeout=30) == LedgerRow(b"1" * 16, "default", 1, 3)
    assert history.totals(3, [(0, 5)]) == {"default": Totals(3, 5)}
    with pytest.raises(StoreUnavailable, match="no rows of 3 from 4, 5 of them"):
        history.rows(3, 4, 5)
    assert blocking.appended == []
    blocking.let_go.set()
    commit.get(timeout=30)
    history.close()
    assert len(questions.threads) == 1
    assert threading.get_ident() not in questions.threads


def test_a_closed_history_says_so_and_its_store_goes_on(blocking: BlockingStore, store: ThreadpoolStore) -> None:
    before = threading.active_count()
    history = store.history()
    history.totals(0, [(0, 1)])
    history.close()
    history.close()
    assert blocking.questions.closed == 1
    assert threading.active_count() <= before
    with pytest.raises(StoreUnavailable, match="closed"):
        history.totals(0, [(0, 1)])
    assert store.epoch() == 7


def test_closing_a_history_does_not_wait_for_a_question_that_hangs(
    blocking: BlockingStore, store: ThreadpoolStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rinha.store.gevent_history.CLOSE_TIMEOUT_S", 0.01)
    history = store.history()
    question = gevent.spawn(history.row, 0, b"1" * 16)
    while not blocking.questions.asked:
        gevent.sleep(0)
    history.close()
    blocking.questions.let_go.set()
    assert question.get(timeout=30) == LedgerRow(b"1" * 16, "default", 1, 0)


def test_questions_do_not_queue_up_behind_one_that_hangs() -> None:
    questions = BlockingHistory()
    history = GeventHistory(questions, OneThread(), timeout_s=0.05)
    with pytest.raises(StoreUnavailable, match=r"has not answered within 0\.05 s"):
        history.row(0, b"1" * 16)
    with pytest.raises(StoreUnavailable, match="ask again soon"):
        history.totals(0, [(0, 1)])
    questions.let_go.set()
    answered: dict[str, Totals] | None = None
    while answered is None:
        gevent.sleep(0.01)
        with suppress(StoreUnavailable):
            answered = history.totals(3, [(0, 1)])
    assert answered == {"default": Totals(3, 1)}
    history.close()
