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
from rinha.bridge.protocol.wire.metrics import ActorMetrics, ApiMetrics, Metrics, ProcessorMetrics
from rinha.bridge.protocol.wire.overview import (
    ActorReport,
    ApiPulse,
    ApiState,
    Counted,
    EdgeReport,
    FailedPayment,
    HeldPayments,
    Overview,
    ProcessorSecond,
    Rate,
    Refusals,
    SecondReport,
    SlowPayment,
)
from rinha.bridge.protocol.wire.processes import ApiReport, Event

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

API = ApiPulse(ApiReport("api-1", "00ff", 1_764_144_000_000, 7, {"full": 2}), 512, {"202": Counted({60: 7}, 9.8)}, ())
SECOND = SecondReport(
    1_764_144_003,
    1_764_144_003_002,
    7,
    1.2,
    9.5,
    {"default": 6, "fallback": 0},
    2.3,
    None,
    {"full": 2},
    3,
    1,
    1,
    0,
    "default",
    {"default": ProcessorSecond(True, 1.2), "fallback": ProcessorSecond(False, None)},
)
OVERVIEW = Overview(
    "00000000000000aa",
    1_764_144_000_000,
    (SECOND,),
    Rate(0.7, 1.2, 9.5, 12),
    Rate(0.6, 2.3, 4.5, 3),
    Refusals(2, {"full": 2}, ""),
    (ApiState(API.report, 0.7, 512),),
    PROCESSORS,
    HELD,
    HeldPayments(unknown=(PAYMENT,)),
    (ActorReport("payment-3", "payment", 0, 0.1, 0.03, 0.7, 2, "default", "post"),),
    (EdgeReport("bridge", "intake", 0.7, "SubmitPayments"),),
    (SlowPayment(PAYMENT_ID, 104.5, "backlog", 100.0),),
    (FailedPayment(PAYMENT_ID, 1_764_144_001_000, "default: unknown, no answer within 10 s"),),
    (Event(5, 2, "info", "worker.stopped", "payment-worker", {"waiting": 0}),),
    1,
    2,
    ("api-2: gone",),
)
"""One processor is failing, and of an outcome nobody has heard."""

METRICS = Metrics(
    {
        "api-1": ApiMetrics(7, {"full": 2}, {"202": Counted({80: 4, 100: 3}, 44.5)}, 512),
        "api-2": ApiMetrics(5, {"full": 0}, {}, None),
    },
    {"waiting": 3, "in_flight": 1, "unknown": 2, "parked": 0},
    {
        "default": ProcessorMetrics(True, True, 1.5, 9, 99.5, Counted({80: 9}, 12.0)),
        "fallback": ProcessorMetrics(False, False, None, 0, 0.0, Counted({}, 0.0)),
    },
    {"intake": ActorMetrics(4, 100, 0.5, 0.25, 1), "payment": ActorMetrics(0, 9, 0.01, 0.02, 0)},
    3,
    2,
    0.5,
)
"""An API that has gone, a processor that is failing, and an actor that was made anew."""
