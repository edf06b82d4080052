"""Answers to people that take more than one actor: the books, the intake and the health actor each know a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.books import Books
from actors.messages.health import GetCircuits
from actors.messages.people import (
    Explain,
    GetCounts,
    GetHealth,
    GetHeldReport,
    GetPayment,
    GetPayments,
    GetProcessors,
    GetRows,
    GetStatistics,
    GetSummary,
)
from actors.packed.id_map import ID_BYTES
from actors.reports import PaymentReport, WorkerStatistics
from actors.words import payments as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.ports import History
    from actors.reports import ProcessorsReport, Statistics
    from actors.runtime.reference import Reference
    from actors.runtime.supervisor import Supervisor
    from actors.values import LedgerRow

ASK_TIMEOUT_S = 5.0
"""How long a question waits for an actor's reply."""


class Answers:
    """Asks the actors that know, and puts their answers together.

    Args:
        intake: knows what is held.
        ledger: keeps the books.
        health: knows how the processors are.
        supervisor: counts what went wrong.
        history: the journal's settled payments; None without one.
    """

    def __init__(
        self,
        intake: Reference,
        ledger: Reference,
        health: Reference,
        supervisor: Supervisor,
        history: History | None = None,
    ) -> None:
        self._intake = intake
        self._books = Books(lambda question: _ask(ledger, question), history)
        self._keeps_history = history is not None
        self._health = health
        self._supervisor = supervisor

    def answer(self, message: Any) -> Any:
        """Answer a question, with what its class says.

        Raises:
            pykka.Timeout: an actor doesn't answer in time.
            pykka.ActorDeadError: it has stopped.
            ActorFailed: it failed.
            PurgedMeanwhile, StoreUnavailable, StoreBroken: see ``Books``.
        """
        match message:
            case GetStatistics():
                return self._statistics()
            case GetSummary():
                return self._books.summary(message)
            case GetRows():
                return self._books.page(message)
            case GetHealth() | GetCircuits():
                return _ask(self._health, message)
            case GetPayment():
                return tuple(self._with_rows(self._explained(message))) or tuple(self._settled_long_ago(message.digits))
            case GetProcessors():
                return self._with_books(self._explained(message))
            case GetPayments() | GetHeldReport():
                return self._explained(message)
            case _:
                return _ask(self._intake, message)

    def _explained(self, question: GetPayment | GetPayments | GetHeldReport | GetProcessors) -> Any:
        return _ask(self._intake, Explain(question, _ask(self._health, GetCircuits())))

    def _with_rows(self, payments: tuple[PaymentReport, ...]) -> Iterator[PaymentReport]:
        for each in payments:
            if each.state != "settled":
                yield each
                continue
            row = self._books.row(each.payment_id, self._epoch())
            if row is not None:  # else there was a purge since
                yield _settled(each, row)

    def _settled_long_ago(self, digits: str) -> Iterator[PaymentReport]:
        """A payment whose id is in the journal alone: it is asked for by the whole of it."""
        if not self._keeps_history or len(digits) != 2 * ID_BYTES:
            return
        try:
            payment_id = bytes.fromhex(digits)
        except ValueError:
            return  # no id is written so
        row = self._books.row(payment_id, self._epoch())
        if row is not None:
            report = PaymentReport(payment_id, 0, "settled", 0, 0, "", 0, "", words.NOTHING, 0, (), 0)
            yield _settled(report, row)

    def _epoch(self) -> int:
        counts: Statistics = self.answer(GetCounts())
        return counts.epoch

    def _with_books(self, report: ProcessorsReport) -> ProcessorsReport:
        summary = self._books.summary(GetSummary())
        processors = tuple(
            each._replace(settled=summary[each.name].requests, settled_cents=summary[each.name].amount_cents)
            for each in report.processors
        )
        fees_cents = sum(each.settled_cents * each.fee_bps for each in processors) / 10_000
        least_bps = min(each.fee_bps for each in processors)
        least_cents = sum(each.settled_cents for each in processors) * least_bps / 10_000
        return report._replace(
            processors=processors,
            routing=report.routing._replace(fees_cents=fees_cents, least_fees_cents=least_cents),
        )

    def _statistics(self) -> WorkerStatistics:
        return WorkerStatistics(
            self.answer(GetCounts()),
            self.answer(GetHealth()),
            dict(self._supervisor.dead_letters.counts),
            dict(self._supervisor.crashes.counts),
        )


def _settled(report: PaymentReport, row: LedgerRow) -> PaymentReport:
    _id, processor, cents, requested_at_ms = row
    return report._replace(
        amount_cents=cents,
        processor=processor,
        requested_at_ms=requested_at_ms,
        since_ms=requested_at_ms,
        why=words.settled(processor, requested_at_ms),
    )


def _ask(actor: Reference, message: Any) -> Any:
    return actor.ask(message, timeout=ASK_TIMEOUT_S)
