"""What people are told: of payments, of their word on one, of the processors, and how many are where.

Immutable, free of behaviour and of plain values, as all in ``values.py``, where the units are named.
"""

from actors.reports.counts import AtWork, Pulse, Statistics, WorkerStatistics
from actors.reports.orders import CloseAnswer, CloseResult, RetryAnswer, RetryResult
from actors.reports.payments import (
    AttemptReport,
    HeldReport,
    PaymentReport,
    PaymentsPage,
)
from actors.reports.processors import ProcessorReport, ProcessorsReport, RoutingReport

__all__ = [
    "AtWork",
    "AttemptReport",
    "CloseAnswer",
    "CloseResult",
    "HeldReport",
    "PaymentReport",
    "PaymentsPage",
    "ProcessorReport",
    "ProcessorsReport",
    "Pulse",
    "RetryAnswer",
    "RetryResult",
    "RoutingReport",
    "Statistics",
    "WorkerStatistics",
]
