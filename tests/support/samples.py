"""Values that several tests pass around."""

from __future__ import annotations

from actors.reports import (
    AttemptReport,
    HeldReport,
    PaymentReport,
    ProcessorReport,
    ProcessorsReport,
    RoutingReport,
    Statistics,
    WorkerStatistics,
)
from actors.values import ProcessorHealth

STATISTICS = WorkerStatistics(
    Statistics(1, 12, 3, 1, 2, 2, 1, 3, 5, 4, 6),
    (ProcessorHealth("default", 500, latency_ms=1.5, stale=True), ProcessorHealth("fallback", 1500, healthy=False)),
    {"RecordPayment": 1},
    {"payment-3": 2},
)

PAYMENT_ID = bytes.fromhex("4a7901b87d264d9daa194dc1c7cf60b3")
PAYMENT = PaymentReport(
    PAYMENT_ID,
    1990,
    "unknown",
    1_764_144_000_123,
    1_764_144_001_000,
    "default",
    1_764_144_000_125,
    "default gave no answer within 10 s",
    "it is looked up there again",
    0,
    (AttemptReport(1, "post", "default", 1_764_144_000_125, 10_000.0, "unknown", "no answer within 10 s"),),
    3,
)
"""One whose outcome is unknown; nobody knows when it is looked up next."""

HELD = HeldReport({"waiting": 3, "unknown": 1}, 100_000, 1_764_144_000_123, "both fail", "probes go on")

PROCESSORS = ProcessorsReport(
    (
        ProcessorReport(
            "default", 500, True, 1_764_144_000_000, "it settles", "", 1.2, "payments", False, 2, 9, 99, "", 0
        ),
        ProcessorReport("fallback", 1500, False, 0, "it fails", "a probe", None, "", True, 0, 0, 0, "HTTP 500", 5),
    ),
    RoutingReport("fastest", "default", 1_764_144_000_000, "only-healthy", "fallback fails", "", 4.95, 4.95),
)
