"""What a million settled payments cost: memory, CPU to take and record, and the time of a summary while more arrive."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from statistics import median

import gevent

from actors.journal.acceptance import WithoutJournal
from actors.ledger.actor import Ledger
from actors.ledger.book import Book
from actors.messages.people import GetSummary
from actors.messages.settling import RecordPayment
from actors.packed.id_map import IdMap
from actors.runtime.clocks import SystemClock
from actors.runtime.crashes import Crashes
from actors.runtime.greenlets import SupervisedGeventActor
from actors.runtime.supervisor import Supervisor
from actors.system import UNBOUNDED
from actors.tracing import NotRecording
from tests.bench.micro.figure import Figure
from tests.bench.micro.settled import BEGIN_MS, PROCESSORS, settled

MEMORY_MB_MAX = 64.0
SUMMARY_US_MAX = 50.0
ARRIVALS_PER_S = 1000
ASK_TIMEOUT_S = 5.0
MEMORY_TIMEOUT_S = 300.0


class Nobody:
    """A recipient that forgets what it is told."""

    def tell(self, message: object) -> None:
        pass


def figures(*, runs: int = 5, payments: int = 1_000_000, seconds: float = 2.0) -> list[Figure]:
    """Measure.

    Args:
        runs: how often each is repeated.
        payments: in the books.
        seconds: for which a run of summaries lasts.
    """
    both, books, dedup = ([_memory_mb(parts, payments) for _ in range(runs)] for parts in ("both", "books", "dedup"))
    many = f"{payments:,} settled payments"
    summaries = [_summaries_us(payments, seconds) for _ in range(runs)]
    return [
        Figure(f"memory of {many}, books and de-duplication", "MB", both, MEMORY_MB_MAX),
        Figure("the books alone", "MB", books),
        Figure("de-duplication alone", "MB", dedup),
        Figure(
            f"summary over a random range, while {ARRIVALS_PER_S:,}/s arrive",
            "µs",
            [median(each) for each in summaries],
            SUMMARY_US_MAX,
        ),
        Figure("the same, p99", "µs", [sorted(each)[len(each) * 99 // 100] for each in summaries]),
        Figure("recording a payment in the books", "µs", [_record_us(payments) for _ in range(runs)]),
        Figure("looking for a new payment's id, and keeping it", "µs", [_know_us(payments) for _ in range(runs)]),
    ]


def _memory_mb(parts: str, payments: int) -> float:
    command = [sys.executable, "-m", "tests.bench.micro.memory", parts, str(payments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=MEMORY_TIMEOUT_S)
    return int(done.stdout) / 1e6


def _filled_book(payments: int) -> Book:
    book = Book(PROCESSORS)
    for row in settled(payments):
        book.record(row, 0)
    return book


def _summaries_us(payments: int, seconds: float) -> list[float]:
    """Ask the ledger again and again for ranges drawn at random; what arrives meanwhile may come in between."""
    book = _filled_book(payments)
    clock = SystemClock()
    supervisor = Supervisor(SupervisedGeventActor, clock, Crashes(clock, lambda: None), unbounded=UNBOUNDED)
    ledger = supervisor.start("ledger", lambda me: Ledger(book, WithoutJournal(), NotRecording()), capacity=10_000)
    arriving = iter(list(settled(int(2 * seconds * ARRIVALS_PER_S), first=payments)))
    begun_s = time.perf_counter()

    def arrive() -> None:
        nobody, arrived = Nobody(), 0
        while True:
            while arrived < (time.perf_counter() - begun_s) * ARRIVALS_PER_S:
                ledger.tell(RecordPayment(*next(arriving), 0, nobody))
                arrived += 1
            gevent.sleep(0.001)

    feeder = gevent.spawn(arrive)
    took_us = []
    try:
        while (asked_s := time.perf_counter()) < begun_s + seconds:
            one, other = (BEGIN_MS + random.randrange(payments) for _ in range(2))
            question = GetSummary(min(one, other), max(one, other))
            asked_s = time.perf_counter()
            ledger.ask(question, timeout=ASK_TIMEOUT_S)
            took_us.append((time.perf_counter() - asked_s) * 1e6)
        assert len(book) >= payments + seconds * ARRIVALS_PER_S / 2, "too few arrived"
    finally:
        feeder.kill()
        supervisor.stop(ASK_TIMEOUT_S)
    return took_us


def _record_us(payments: int) -> float:
    """CPU time per payment of recording a tenth more than there are."""
    book = _filled_book(payments)
    rows = list(settled(payments // 10, first=payments))
    begun_s = time.process_time()
    for row in rows:
        book.record(row, 0)
    return (time.process_time() - begun_s) / len(rows) * 1e6


def _know_us(payments: int) -> float:
    """CPU time per payment of what the intake does for de-duplication."""
    known = IdMap()
    rows = list(settled(payments))
    begun_s = time.process_time()
    for row in rows:
        if known.get(row.payment_id) < 0:
            known.add(row.payment_id, row.amount_cents)
    return (time.process_time() - begun_s) / len(rows) * 1e6
