"""The actor system with a journal in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.facts import FeedMark, PaymentTaken
from actors.intake.dispatch.routing import Fastest
from actors.messages.people import GetCounts, GetRows
from actors.messages.sessions import SessionAdmitted, SessionOpened, SubmitPayments
from actors.plan import Plan
from actors.ports import StoreUnavailable
from actors.system import ActorSystem, Ports
from actors.values import LedgerRow, Payment, ProcessorHealth, Totals
from tests.actors.fakes import ScriptedProcessor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actors.facts import JournalEntry, Known, OpenPayment, SpanSum
    from actors.reports import Statistics
    from tests.actors.fakes import World

PAYMENT = Payment(bytes(range(16)), 1990)
ID = PAYMENT.payment_id
FEES = {"default": 500, "fallback": 1500}


class MemoryStore:
    """A store that keeps what it is told in memory, or refuses to."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.full = False
        self.known: list[Known] = []
        self.restored_epoch = 0
        self.restored_sums: list[SpanSum] = []
        self.restored_settled: list[tuple[bytes, int, str, int, int]] = []
        self.restored_open: list[OpenPayment] = []
        self.restored_written_off: list[Payment] = []
        self.restored_mark = FeedMark()

    def epoch(self) -> int:
        return self.restored_epoch

    def journal_id(self) -> bytes:
        return b"j" * 16

    def sums(self) -> Sequence[SpanSum]:
        return self.restored_sums

    def settled(self, from_ms: int | None = None) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        yield [row for row in self.restored_settled if from_ms is None or row[4] >= from_ms]

    def open(self) -> list[OpenPayment]:
        return self.restored_open

    def shard(self) -> int:
        return 0

    def feed_mark(self) -> FeedMark:
        return self.restored_mark

    def written_off(self) -> list[Payment]:
        return self.restored_written_off

    def append(self, entries: Sequence[JournalEntry]) -> Sequence[Known]:
        if self.full:
            raise StoreUnavailable("disk full")
        self.entries += entries
        taken = {each.payment_id for each in entries if isinstance(each, PaymentTaken)}
        return [each for each in self.known if each.payment_id in taken]

    def history(self) -> MemoryHistory:
        return MemoryHistory(self)

    def keep_place(self) -> None:
        pass

    def check(self) -> None:
        pass

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass


class MemoryHistory:
    """What the store was restored with, as a history."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def totals(self, epoch: int, spans: Sequence[tuple[int, int]]) -> dict[str, Totals] | None:
        if epoch != self._store.restored_epoch:
            return None
        found: dict[str, Totals] = {}
        for row in self._ledger():
            for _ in [each for each in spans if each[0] <= row.requested_at_ms < each[1]]:
                before = found.get(row.processor, Totals(0, 0))
                found[row.processor] = Totals(before.requests + 1, before.amount_cents + row.amount_cents)
        return found

    def rows(self, epoch: int, start: int, limit: int) -> list[LedgerRow] | None:
        return self._ledger()[start : start + limit] if epoch == self._store.restored_epoch else None

    def row(self, epoch: int, payment_id: bytes) -> LedgerRow | None:
        rows = self._ledger() if epoch == self._store.restored_epoch else []
        return next((row for row in rows if row.payment_id == payment_id), None)

    def close(self) -> None:
        pass

    def _ledger(self) -> list[LedgerRow]:
        return [LedgerRow(each, name, cents, at_ms) for each, _, name, cents, at_ms in self._store.restored_settled]


class JournalBench:
    """The system, a session and two scripted processors."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = MemoryStore()
        self.processors = {name: ScriptedProcessor() for name in FEES}
        self.session = world.probe("session")
        self.broken: list[str] = []

    def start(self, *, durable: bool = True) -> None:
        plan = Plan([ProcessorHealth(*each) for each in FEES.items()], Fastest(), 4, 100, durable=durable)
        recorder, timers = self.world.recorder, self.world.timers
        ports = Ports(self.world.clock, timers, self.processors, self.store, self.broken.append, recorder)
        self.system = ActorSystem(plan, ports, self.world.supervisor)
        self.system.start()
        self.system.intake.tell(SessionOpened(self.session.reference))
        self.world.advance(0.0)

    def submit(self, *payments: Payment, first: int = 1, suspect: bool = False) -> None:
        epoch = self.session.of(SessionAdmitted)[-1].epoch
        message = SubmitPayments(self.session.reference, epoch, first, payments, suspect, suspect)
        self.system.intake.tell(message)
        self.world.advance(0.0)

    def statistics(self) -> Statistics:
        counts: Statistics = self.system.answer(GetCounts())
        return counts

    def booked(self) -> list[LedgerRow]:
        rows: list[LedgerRow] = list(self.system.answer(GetRows(0, 100)).rows)
        return rows
