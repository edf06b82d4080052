"""One run: things happen, then all faults stop, then everything must come to its end and the books must agree."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.intake.people.listing import LIMIT_MAX
from actors.messages.people import GetCounts, GetHeld, GetPayments, GetRows, GetSummary, RetryParked
from actors.runtime.guard import ActorFailed
from actors.values import Verdict
from tests.simulation.api import Submission
from tests.simulation.checker import Outcome, check
from tests.simulation.plan import LEVELS, SPAN_S
from tests.simulation.world import RESTART_MAX_S, World

if TYPE_CHECKING:
    from collections.abc import Collection

    from actors.reports import PaymentReport, PaymentsPage
    from actors.values import LedgerRow, RowsPage

LIVENESS_S = 60.0
"""So long after the last fault all that was accepted is settled: an attempt's deadline, a processor's delay, a retry
after 5 s, a poll after 5 s, a probe, and a margin."""

ANSWER_MAX_S = 6.0
"""A disk that stands still for a while has the history wait."""

BACK_S = 3.0
"""So long after a cut every API has a session and credit again."""


class Result(NamedTuple):
    """What came of a seed."""

    seed: int
    level: str
    violations: list[str]
    crashed: set[str]
    """The classes of the messages whose handling was made to crash."""
    trace: list[str]


class Unanswered(Exception):
    """A question that no actor has answered; the fault is the actor's."""


class Run(World):
    """A world, from its beginning to its end."""

    def run(self) -> Result:
        scheduler = self.scheduler
        for each in self.plan.happenings:
            scheduler.later(each.at_s, self.happens(each.kind, each.arguments))
        self.person.begin(scheduler.now_s + SPAN_S)
        try:
            scheduler.run(scheduler.now_s + SPAN_S)
            self.heal()
            newcomers = self.outlive_grudges()
            # Nothing that happens from outside may help those that are held.
            if self.settles("stuck"):
                self.repeat_what_is_written_off()
                self.ask(RetryParked())
                scheduler.run(scheduler.now_s + BACK_S)
                # Clients may have sent again what a new worker has to look for first, and there is room for few.
                self.settles("stuck after the parked ones were let go")
                newcomers += [self.submit_anew(number) for number in range(len(self.apis))]
                self.settles("newcomers are stuck")
                self.finish(newcomers)
            if self.worker is not None:
                self.look_at_supervisor(self.worker)
        except (ActorFailed, Unanswered) as error:
            self.violations.append(f"bug: {error}")
        finally:
            if self.worker is not None:
                self.worker.kill()
        return Result(self.seed, self.plan.level, self.violations, self.chaos.crashed, self.trace.lines)

    def outlive_grudges(self) -> list[Submission]:
        """While processors have something against some payments, all others settle, also those that come now."""
        disliked = {each for processor in self.processors.values() for each in processor.grudges}
        newcomers: list[Submission] = []
        if disliked and self.settles("stuck behind others", besides=disliked):
            self.scheduler.run(self.scheduler.now_s + BACK_S)
            self.settles("stuck behind others", besides=disliked)
            newcomers = [self.submit_anew(number, 100) for number in range(len(self.apis))]
            self.settles("stuck behind others", besides=disliked)
        self.forgive()
        return newcomers

    def repeat_what_is_written_off(self) -> None:
        """With a durable journal the next worker says so, too, if it has credit for it."""
        # In this order: what is held may be settled while the rows are read, page by page. One that the ledger crashed
        # on again and again is in its memory, parked, and not in the journal that rows are read from.
        elsewhere = set(self.ask(GetHeld())) | {row.payment_id for row in self._read_rows()[0]}
        taken = {each.payment for each in self.submissions if each.answer is Verdict.TAKEN}
        written_off = [each for each in sorted(taken) if each.payment_id in self.person.given_up - elsewhere]
        if self.plan.level != "durable" or self.purges or not written_off:
            return
        self.crash_worker()
        self.scheduler.run(self.scheduler.now_s + RESTART_MAX_S + BACK_S)
        repeated = [Submission(each, self.scheduler.now_s) for each in written_off]
        for each in repeated:
            self.submissions.append(each)
            self.apis[0].submit(each)
        self.scheduler.run(self.scheduler.now_s + BACK_S)
        self.violations += [f"revived: {each.payment}" for each in repeated if each.answer is Verdict.TAKEN]

    def rows(self) -> list[LedgerRow]:
        rows, total = self._read_rows()
        if len(rows) < total:
            self.violations.append(f"rows: {len(rows)} of {total}")
        return rows

    def _read_rows(self) -> tuple[list[LedgerRow], int]:
        page: RowsPage = self.ask(GetRows(0, 3))
        rows = list(page.rows)
        while page.rows and len(rows) < page.total:
            page = self.ask(GetRows(len(rows), 3))
            rows += page.rows
        return rows, page.total

    def parked(self) -> tuple[PaymentReport, ...]:
        page: PaymentsPage = self.ask(GetPayments("parked", LIMIT_MAX))
        return page.payments

    def windows(self, rows: list[LedgerRow]) -> list[GetSummary]:
        """Ranges that begin and end at rows, beside them and between, at ends of spans and within, and open ones."""
        chance, sum_ms = random.Random(f"the windows of run {self.seed}"), self.plan.config.sizes.sum_ms
        instants_ms = [row.requested_at_ms for row in rows] or [0]

        def end() -> int | None:
            at_ms = chance.choice(instants_ms)
            edge_ms = at_ms // sum_ms * sum_ms
            beside_ms, within_ms = at_ms + chance.choice((-1, 1)), edge_ms + chance.randrange(sum_ms)
            return chance.choice((None, at_ms, beside_ms, edge_ms, within_ms))

        return [GetSummary(end(), end()) for _ in range(8)]

    def ask(self, message: Any) -> Any:
        assert self.worker is not None
        reply = self.worker.ask(message)
        end_s = self.scheduler.now_s + ANSWER_MAX_S
        while not reply.is_set and self.scheduler.now_s < end_s:
            self.scheduler.run(self.scheduler.now_s + 0.3)
        if not reply.is_set:
            raise Unanswered(type(message).__name__)
        return reply.get()

    def settles(self, complaint: str, besides: Collection[bytes] = ()) -> bool:
        """Let time pass until all is settled or parked, and no processor has a request that may commit yet.

        Args:
            complaint: what is wrong if that doesn't come.
            besides: payments that need not be, nor be left alone by the processors.
        """
        end_s = self.scheduler.now_s + LIVENESS_S
        while self.scheduler.now_s < end_s:
            self.scheduler.run(self.scheduler.now_s + 0.5)
            if self.bridge() is None:  # no worker, or one that is about to end
                continue
            if any(each.waiting or not each.session.is_open for each in self.apis):
                continue
            counts = self.ask(GetCounts())
            self.check_sum(counts)
            if besides:
                parked = {each.payment_id for each in self.parked()}
                if parked.union(besides).issuperset(self.ask(GetHeld())):
                    return True
                continue
            busy = any(each.working for each in self.processors.values())
            if counts.waiting + counts.in_flight + counts.unknown == 0 and not busy:
                return True
        self.violations.append(f"{complaint}: {self.describe_stuck()}")
        return False

    def describe_stuck(self) -> str:
        if self.worker is None or self.worker.bridge is None:
            return "no worker"
        outboxes = {each.name: (each.session.is_open, len(each.waiting)) for each in self.apis}
        held = [int.from_bytes(each) for each in self.ask(GetHeld())]
        return f"held {held}, {self.ask(GetCounts())}, outboxes {outboxes}"

    def finish(self, newcomers: list[Submission]) -> None:
        for each in newcomers:
            if each.answer is not Verdict.TAKEN:
                answer = getattr(each.answer, "name", each.answer)
                self.violations.append(f"shut out: a payment after all faults is answered {answer}")
        if parked := self.parked():
            self.violations.append(f"parked without a fault: {parked}")
        rows = self.rows()
        outcome = Outcome(
            ledger=rows,
            summary=self.ask(GetSummary()),
            windows=[(window, self.ask(window)) for window in self.windows(rows)],
            statistics=self.ask(GetCounts()),
            processors=self.processors,
            submissions=self.submissions,
            purges=self.purges,
            incarnation=self.incarnation,
            durable=self.plan.level == "durable",
            knows_amounts=self.plan.level != "background",
            given_up=self.person.given_up,
            remembers=self.plan.repeat_s > 0,
        )
        self.violations += check(outcome)
        taken = sum(each.answer is Verdict.TAKEN for each in self.submissions)
        self.trace.note("the end", (len(rows), taken, self.violations))


def simulate(seed: int, levels: tuple[str, ...] = LEVELS, *, trace: bool = False) -> Result:
    """Run a seed.

    Args:
        seed: the seed.
        levels: those to draw from.
        trace: whether to note what happens.
    """
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # crashes are wanted here
    try:
        return Run(seed, levels, trace=trace).run()
    finally:
        logging.disable(disabled)
