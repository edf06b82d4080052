"""Answers to people that take more than one actor: the books, the intake and the health actor each know a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.messages.health import GetCircuits
from actors.messages.people import (
    Explain,
    GetCounts,
    GetHealth,
    GetHeldReport,
    GetPayment,
    GetPayments,
    GetProcessors,
    GetRow,
    GetRows,
    GetStatistics,
    GetSummary,
)
from actors.reports import WorkerStatistics
from actors.words import payments as words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actors.reports import PaymentReport, ProcessorsReport
    from actors.runtime.reference import Reference
    from actors.runtime.supervisor import Supervisor
    from actors.values import LedgerRow, Summary

ASK_TIMEOUT_S = 5.0
"""How long a question waits for an actor's reply."""


class Answers:
    """Asks the actors that know, and puts their answers together.

    Args:
        intake: knows what is held.
        ledger: keeps the books.
        health: knows how the processors are.
        supervisor: counts what went wrong.
    """

    def __init__(self, intake: Reference, ledger: Reference, health: Reference, supervisor: Supervisor) -> None:
        self._intake = intake
        self._ledger = ledger
        self._health = health
        self._supervisor = supervisor

    def answer(self, message: Any) -> Any:
        """Answer a question, with what its class says.

        Raises:
            pykka.Timeout: an actor doesn't answer in time.
            pykka.ActorDeadError: it has stopped.
            ActorFailed: it failed.
        """
        match message:
            case GetStatistics():
                return self._statistics()
            case GetSummary() | GetRows() | GetRow():
                return _ask(self._ledger, message)
            case GetHealth() | GetCircuits():
                return _ask(self._health, message)
            case GetPayment():
                return tuple(self._with_rows(self._explained(message)))
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
            row: LedgerRow | None = _ask(self._ledger, GetRow(each.payment_id))
            if row is not None:  # else there was a purge since
                _id, processor, cents, requested_at_ms = row
                why = words.settled(processor, requested_at_ms)
                yield each._replace(
                    amount_cents=cents,
                    processor=processor,
                    requested_at_ms=requested_at_ms,
                    since_ms=requested_at_ms,
                    why=why,
                )

    def _with_books(self, report: ProcessorsReport) -> ProcessorsReport:
        summary: Summary = _ask(self._ledger, GetSummary())
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


def _ask(actor: Reference, message: Any) -> Any:
    return actor.ask(message, timeout=ASK_TIMEOUT_S)
