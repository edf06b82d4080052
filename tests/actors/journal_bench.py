"""The actor system with a journal in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.facts import FeedMark, Known, PaymentSettled, PaymentTaken
from actors.intake.dispatch.routing import Fastest
from actors.messages.people import GetCounts, GetRows
from actors.messages.sessions import SessionAdmitted, SessionOpened, SubmitPayments
from actors.plan import SIZES, Plan, Sizes
from actors.ports import SUM_MS, StoreUnavailable
from actors.system import ActorSystem, Ports
from actors.values import Payment, ProcessorHealth
from tests.actors.fakes import ScriptedProcessor
from tests.support.memory_history import MemoryHistory, sums_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actors.facts import JournalEntry, OpenPayment, SpanSum
    from actors.reports import Statistics
    from actors.values import LedgerRow
    from tests.actors.fakes import World

PAYMENT = Payment(bytes(range(16)), 1990)
ID = PAYMENT.payment_id
FEES = {"default": 500, "fallback": 1500}


class MemoryStore:
    """A store that keeps what it is told in memory, or refuses to."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []
        self.full = False
        self.restored_epoch = 0
        self.restored_settled: list[tuple[bytes, int, str, int, int]] = []
        self.restored_open: list[OpenPayment] = []
        self.restored_written_off: list[Payment] = []
        self.restored_mark = FeedMark()
        self.sum_ms = SUM_MS

    def epoch(self) -> int:
        return self.restored_epoch

    def journal_id(self) -> bytes:
        return b"j" * 16

    def sums(self) -> list[SpanSum]:
        return sums_of(self.restored_settled, self.sum_ms)

    def settled(self, from_ms: int | None = None) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        yield [each for each in self.restored_settled if from_ms is None or each[-1] >= from_ms]

    def rows(self) -> list[tuple[bytes, int, str, int, int]]:
        """All settled ones, restored or appended, each once."""
        rows = {each[0]: each for each in self.restored_settled}
        for each in self.entries:
            if isinstance(each, PaymentSettled) and each.payment_id not in rows:
                rows[each.payment_id] = (each.payment_id, each.amount_cents, *each[1:-1])
        return list(rows.values())

    def history(self) -> MemoryHistory:
        return MemoryHistory(lambda: max([self.restored_epoch, *(each.epoch for each in self.entries)]), self.rows)

    def open(self) -> list[OpenPayment]:
        return self.restored_open

    def shard(self) -> int:
        return 0

    def feed_mark(self) -> FeedMark:
        return self.restored_mark

    def written_off(self) -> list[Payment]:
        return self.restored_written_off

    def append(self, entries: Sequence[JournalEntry]) -> list[Known]:
        if self.full:
            raise StoreUnavailable("disk full")
        self.entries += entries
        settled = {each[0]: each[1] for each in self.rows()}
        written_off = {each.payment_id: each.amount_cents for each in self.restored_written_off}
        taken = [each.payment_id for each in entries if isinstance(each, PaymentTaken)]
        return [
            Known(each, settled.get(each, written_off.get(each, 0)), each not in settled)
            for each in taken
            if each in settled or each in written_off
        ]

    def keep_place(self) -> None:
        pass

    def check(self) -> None:
        pass

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass


class JournalBench:
    """The system, a session and two scripted processors."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = MemoryStore()
        self.processors = {name: ScriptedProcessor() for name in FEES}
        self.session = world.probe("session")
        self.broken: list[str] = []

    def start(self, *, durable: bool = True, sizes: Sizes = SIZES, memory_payments: int = 1000) -> None:
        processors = [ProcessorHealth(*each) for each in FEES.items()]
        plan = Plan(processors, Fastest(), 4, 100, durable=durable, sizes=sizes, memory_payments=memory_payments)
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
