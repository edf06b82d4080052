"""A simulated disk for the journal (``actors.ports.Store``): it survives the worker, as its last commit left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
)
from actors.ports import StoreUnavailable
from actors.values import Payment
from tests.support.memory_history import MemoryHistory, sums_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from actors.facts import JournalEntry, SpanSum
    from tests.simulation.scheduler import Process, Scheduler

APPEND_S = 0.02
LOOK_S = 0.02


class SimulatedDisk:
    """What is written. A crash during an append leaves all of it or nothing."""

    def __init__(self) -> None:
        self.epoch = 0
        self.mark = FeedMark()
        self.taken: dict[bytes, PaymentTaken] = {}
        self.attempts: dict[bytes, AttemptStarted] = {}
        self.settled: dict[bytes, PaymentSettled] = {}
        self.crashes: dict[bytes, int] = {}
        self.written_off: dict[bytes, PaymentClosed] = {}
        self.failure_share = 0.0
        self.full = False
        self.frozen = 0
        """How many causes there are for it to stand still."""

    def rows(self) -> list[tuple[bytes, int, str, int, int]]:
        """The settled payments, as ``Store.settled`` tells them."""
        rows = []
        for each in self.settled.values():
            taken = self.taken.get(each.payment_id)
            cents = each.amount_cents if taken is None else taken.amount_cents
            rows.append((each.payment_id, cents, each.processor, each.amount_cents, each.requested_at_ms))
        return rows

    def known(self, entries: Sequence[JournalEntry]) -> list[Known]:
        """What ``Store.append`` tells of entries that are written."""
        taken = {each.payment_id for each in entries if isinstance(each, PaymentTaken) and each.epoch == self.epoch}
        return [
            Known(each, self.taken[each].amount_cents, each not in self.settled)
            for each in sorted(taken)
            if each in self.settled or each in self.written_off
        ]

    def commit(self, entries: Sequence[JournalEntry]) -> None:
        latest = max((each.epoch for each in entries), default=0)
        if latest > self.epoch:
            self.epoch = latest
            self.taken, self.attempts, self.settled = {}, {}, {}
            self.crashes, self.written_off = {}, {}
        for each in entries:
            if each.epoch != self.epoch:
                continue
            if isinstance(each, PaymentTaken):
                self.taken.setdefault(each.payment_id, each)
            elif isinstance(each, AttemptStarted):
                self.attempts[each.payment_id] = each
            elif isinstance(each, AttemptRefused):
                self.attempts.pop(each.payment_id, None)
            elif isinstance(each, PaymentCrashed):
                self.crashes[each.payment_id] = each.crashes
            elif isinstance(each, PaymentSettled):
                self.settled.setdefault(each.payment_id, each)
            elif isinstance(each, PaymentsPurged):
                self.mark = each.mark
            elif each.written_off:
                self.written_off.setdefault(each.payment_id, each)


class SimulatedStore:
    """One worker's hold on the disk.

    Args:
        disk: what outlives it.
        scheduler: time and chance.
        process: the worker; a write that it didn't wait for may still happen.
        note: takes a line for the trace.
        sum_ms: how long the spans of its sums are.
    """

    def __init__(
        self,
        disk: SimulatedDisk,
        scheduler: Scheduler,
        process: Process,
        note: Callable[[str, object], None],
        sum_ms: int,
    ) -> None:
        self._sum_ms = sum_ms
        self._disk = disk
        self._scheduler = scheduler
        self._process = process
        self._note = note

    def epoch(self) -> int:
        return self._disk.epoch

    def journal_id(self) -> bytes:
        return b"j" * 16

    def sums(self) -> list[SpanSum]:
        return sums_of(self._disk.rows(), self._sum_ms)

    def settled(self, from_ms: int | None = None) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        rows = [each for each in self._disk.rows() if from_ms is None or each[-1] >= from_ms]
        for start in range(0, len(rows), 3):
            yield rows[start : start + 3]

    def history(self) -> MemoryHistory:
        return MemoryHistory(lambda: self._disk.epoch, self._disk.rows, self._read)

    def _read(self) -> None:
        self._scheduler.sleep(self._scheduler.chance.random() * APPEND_S)
        self._wait_while_frozen()

    def open(self) -> list[OpenPayment]:
        found = []
        for each in self._disk.taken.values():
            if each.payment_id not in self._disk.settled and each.payment_id not in self._disk.written_off:
                attempt = self._disk.attempts.get(each.payment_id)
                where, at_ms = ("", 0) if attempt is None else (attempt.processor, attempt.requested_at_ms)
                crashes = self._disk.crashes.get(each.payment_id, 0)
                found.append(OpenPayment(Payment(each.payment_id, each.amount_cents), where, at_ms, crashes))
        return found

    def written_off(self) -> list[Payment]:
        return [Payment(each.payment_id, each.amount_cents) for each in self._disk.written_off.values()]

    def shard(self) -> int:
        return 0

    def feed_mark(self) -> FeedMark:
        return self._disk.mark

    def append(self, entries: Sequence[JournalEntry]) -> list[Known]:
        chance, scheduler = self._scheduler.chance, self._scheduler
        entries = tuple(entries)
        fails = self._disk.full or chance.random() < self._disk.failure_share
        before_s, after_s = chance.random() * APPEND_S, chance.random() * APPEND_S
        scheduler.sleep(before_s)  # a crash here: nothing was written
        self._wait_while_frozen()
        if fails:
            self._note("disk fails", entries)
            raise StoreUnavailable("the disk is full")
        self._disk.commit(entries)
        known = self._disk.known(entries)
        self._note("disk has", entries)
        self._wait_while_frozen()
        scheduler.sleep(after_s)  # a crash here: all was
        return known

    def keep_place(self) -> None:
        pass

    def check(self) -> None:
        self._wait_while_frozen()

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _wait_while_frozen(self) -> None:
        while self._disk.frozen:
            self._scheduler.sleep(LOOK_S)
