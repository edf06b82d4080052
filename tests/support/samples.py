"""Values that several tests pass around."""

from __future__ import annotations

from actors.reports import Statistics, WorkerStatistics
from actors.values import ProcessorHealth

STATISTICS = WorkerStatistics(
    Statistics(1, 12, 3, 1, 2, 2, 1, 3, 5, 4, 6),
    (ProcessorHealth("default", 500, latency_ms=1.5, stale=True), ProcessorHealth("fallback", 1500, healthy=False)),
    {"RecordPayment": 1},
    {"payment-3": 2},
)
