"""Answers to people who ask after payments: where each is, why, and what happens next; and their wish to try again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.intake.backlog.entry import State
from actors.intake.people import listing
from actors.intake.people.describing import Describer
from actors.intake.people.outlook import Outlook
from actors.messages.people import (
    Explain,
    GetAtWork,
    GetCounts,
    GetFeedMark,
    GetHeld,
    GetHeldReport,
    GetPayment,
    GetPayments,
    GetProcessors,
    GetPulse,
    RetryParked,
)
from actors.packed.id_map import ID_BYTES
from actors.reports import AtWork, PaymentReport, PaymentsPage, Pulse, RetryAnswer, RetryResult
from actors.words import payments as words

if TYPE_CHECKING:
    from actors.intake.backlog.backlog import Backlog
    from actors.intake.dispatch.dispatcher import Dispatcher
    from actors.intake.dispatch.pool import Pool
    from actors.intake.earlier import Earlier
    from actors.intake.people.describing import Now
    from actors.intake.purges import Purges
    from actors.messages.people import RetryPayment
    from actors.runtime.clocks import Clock

FOUND_MAX = 10
"""Payments that begin with the same digits: who wants one gives more digits."""

DIGITS_MIN = 6
"""Digits that must be given: with fewer, any payment may be meant."""


class Explainer:
    """Explains.

    Args:
        backlog: where the payments are.
        purges: where the last one stands in its stream.
        pool: what is under way.
        dispatcher: what goes where next.
        earlier: what workers before this one were sent.
        backlog_max: payments that may be held.
        clock: the clocks.
    """

    def __init__(
        self,
        backlog: Backlog,
        purges: Purges,
        pool: Pool,
        dispatcher: Dispatcher,
        earlier: Earlier,
        backlog_max: int,
        clock: Clock,
    ) -> None:
        self._purges = purges
        self._backlog = backlog
        self._pool = pool
        self._dispatcher = dispatcher
        self._clock = clock
        self._describer = Describer(pool, dispatcher.chooser, earlier, clock)
        self._outlook = Outlook(backlog, pool, dispatcher, backlog_max)

    def answer(self, question: GetCounts | GetFeedMark | GetPulse | GetAtWork | GetHeld | Explain) -> object:
        """Answer a question, with what its class says; of ``Explain``, what only the books know is left out."""
        match question:
            case GetCounts():
                return self._backlog.statistics()
            case GetFeedMark():
                return self._purges.mark
            case GetPulse():
                in_use = self._dispatcher.chooser.in_use.processor
                return Pulse(self._backlog.statistics(), in_use, dict(self._pool.begun))
            case GetAtWork():
                working = self._pool.at_work()
                return tuple(AtWork(name, each.processor, each.step.value) for name, each in working)
            case GetHeld():
                return self._backlog.held.ids()
            case Explain():
                return self._explain(question.question, self._describer.now(question.circuits))

    def _explain(self, question: GetPayment | GetPayments | GetHeldReport | GetProcessors, now: Now) -> object:
        match question:
            case GetPayment():
                return self._payments(question.digits, now)
            case GetPayments():
                return self._page(question, now)
            case GetHeldReport():
                return self._outlook.held(now)
            case GetProcessors():
                return self._outlook.processors(now)

    def retry(self, order: RetryParked | RetryPayment) -> int | RetryAnswer:
        """Let parked payments try again, or say why not."""
        held, now_s = self._backlog.held, self._clock.monotonic_s()
        if isinstance(order, RetryParked):
            return held.retry_all(now_s)
        found = self._backlog.find(order.payment_id)
        if found is None:
            return RetryAnswer(RetryResult.NO_PAYMENT, words.NO_PAYMENT)
        state, entry = found
        if entry is not None and held.retry(entry, now_s):
            return RetryAnswer(RetryResult.RETRIED, words.retried(entry.processor if entry.bound else ""))
        return RetryAnswer(RetryResult.NOT_PARKED, words.not_parked(state.value))

    def _payments(self, digits: str, now: Now) -> tuple[PaymentReport, ...]:
        if not DIGITS_MIN <= len(digits) <= 2 * ID_BYTES:
            return ()
        try:
            whole = bytes.fromhex(digits) if len(digits) == 2 * ID_BYTES else None
            ids = [whole] if whole else sorted(self._backlog.ids.starting_with(digits, FOUND_MAX))
        except ValueError:
            return ()  # no id begins so
        reports = (self._payment(each, now) for each in ids)
        return tuple(each for each in reports if each is not None)

    def _payment(self, payment_id: bytes, now: Now) -> PaymentReport | None:
        found = self._backlog.find(payment_id)
        if found is None:
            return None
        state, entry = found
        if entry is not None:
            return self._describer.describe(entry, state, now)
        why = words.WRITTEN_OFF if state is State.WRITTEN_OFF else words.SETTLED
        cents = self._backlog.ids.cents(payment_id)
        return PaymentReport(payment_id, cents, state.name.lower(), 0, 0, "", 0, why, words.NOTHING, 0, (), 0)

    def _page(self, question: GetPayments, now: Now) -> PaymentsPage:
        held, (state, limit, after) = self._backlog.held, question
        entries, after = listing.page(held, state, limit, after)
        reports = tuple(self._describer.describe(each, held.state_of(each), now) for each in entries)
        return PaymentsPage(reports, listing.count(held, state), after)
