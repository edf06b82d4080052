"""The circuit breaker of one processor: healthy or not, how fast, and when to probe it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from actors.health.causes import FAILURES, REPORTED, SAYS_WELL, SETTLES, UNTRIED
from actors.messages.health import CircuitState
from actors.values import ProcessorHealth

if TYPE_CHECKING:
    from actors.values import HealthReport

FAILURES_MAX = 3
"""Failures in a row, of different payments, that open the circuit. One may be a single broken connection, and one
payment may fail for ever; a failing processor fails all."""

LATENCY_WINDOW = 5
"""Latencies remembered. The least of them counts: a processor's delay is in all of them, a stall of ours in some."""

PROBE_FIRST_S, PROBE_MAX_S = 0.05, 0.5
"""The first probe comes soon, for most failures are short; then ever slower, but within 0.5 s of any recovery."""

QUICK_MS = 1000
"""A processor that says it is well and quicker is probed though a probe hangs there: the hanging one may be a relic."""

STEADY_S = 1.0
"""A circuit that opens again sooner goes on with its old probe interval, so that flapping isn't probed in a rush."""

FRESH_S = 15.0
"""Knowledge older than three health polls is stale."""


class Circuit:
    """What is known of one processor. Instants are seconds of the monotonic clock.

    Args:
        name: the processor's name.
        fee_bps: its fee in basis points.
        now_s: the present; nothing is called stale before the first polls had their time.
    """

    def __init__(self, name: str, fee_bps: int, now_s: float) -> None:
        self.name = name
        self.fee_bps = fee_bps
        self.probe_at_s: float | None = None
        """When the next probe is due; None while the circuit is closed."""
        self.says_well = False
        """Whether the last probe that was due was due because its endpoint says that it is well, and quick."""
        self._is_quick = False
        self.since_s = now_s
        """Since when it is open, or closed."""
        self.cause, self.reason = UNTRIED, ""
        """What made it so, and what was said last."""
        self.lasted_s = 0.0
        """How long it was the other way before, in seconds."""
        self._last_failure = ""
        self._failures = 0
        self._failed_at_s = float("-inf")
        self._opened_by_report = False
        self._lacks_probes = False
        self._closed_at_s = float("-inf")
        self._probe_interval_s = PROBE_FIRST_S
        self._latencies_ms: deque[float] = deque(maxlen=LATENCY_WINDOW)
        self._paid_at_s = float("-inf")
        self._reported_ms = 0.0
        self._reported_at_s = now_s

    @property
    def healthy(self) -> bool:
        """Whether the circuit is closed."""
        return self.probe_at_s is None

    def observe(
        self, succeeded: bool | None, latency_ms: float, now_s: float, *, again: bool = False, reason: str = ""
    ) -> None:
        """Learn from a payment. A success closes the circuit, the third failure in a row opens it.

        Args:
            succeeded: whether the processor holds the payment. None, a verdict on the payment, neither opens nor closes
                it: in front of a broken database there may be something that still finds fault with payments.
            latency_ms: how long it took.
            now_s: the present.
            again: the payment had failed there before. Whether it fails is its own affair, so it doesn't count.
            reason: why it failed, for people.
        """
        self._lacks_probes = succeeded is None
        if succeeded is None:
            return
        if succeeded:
            self._failures = 0
            self._latencies_ms.append(latency_ms)
            self._paid_at_s = now_s
            self._close(now_s, SETTLES)
        else:
            self._failed_at_s, self._last_failure = now_s, reason
            self._failures += not again
            if self._failures >= FAILURES_MAX:
                self._open(now_s, FAILURES)

    def miss_probe(self) -> None:
        """Take note that there is no payment to probe it with."""
        self._lacks_probes = True

    def report(self, report: HealthReport, asked_at_s: float, now_s: float) -> None:
        """Learn from the health endpoint.

        ``failing`` opens the circuit. Its opposite closes a circuit that a report opened, and asks for a probe at once
        where payments had opened it: they know better. Only where no payment can tell, it closes that circuit as well,
        if it was asked after the last failure.

        Args:
            report: what it said.
            asked_at_s: when it was asked.
            now_s: the present.
        """
        self._reported_ms = float(report.min_response_ms)
        self._reported_at_s = now_s
        if report.failing:
            self._open(now_s, REPORTED)
        elif self._opened_by_report or (self._lacks_probes and asked_at_s > self._failed_at_s):
            self._close(now_s, SAYS_WELL)
        elif not self.healthy:
            self.probe_at_s = now_s
            self._is_quick = asked_at_s > self._failed_at_s and report.min_response_ms <= QUICK_MS

    def probe_due(self, now_s: float) -> bool:
        """Whether a probe is due now; if so, the next one is scheduled."""
        if self.probe_at_s is None or self.probe_at_s > now_s:
            return False
        self.says_well, self._is_quick = self._is_quick, False
        self.probe_at_s = now_s + self._probe_interval_s
        self._probe_interval_s = min(self._probe_interval_s * 2, PROBE_MAX_S)
        return True

    def state(self, now_s: float) -> ProcessorHealth:
        """The value that routing decides on.

        Latency is that of recent payments; failing those, the last that payments or the health endpoint told; stale if
        that is long ago.
        """
        paid, reported = now_s - self._paid_at_s <= FRESH_S, now_s - self._reported_at_s <= FRESH_S
        latency_ms = min(self._latencies_ms) if self._counts_payments(now_s) else self._reported_ms
        return ProcessorHealth(self.name, self.fee_bps, self.healthy, latency_ms, not (paid or reported))

    def describe(self, now_s: float) -> CircuitState:
        """The same and more, for people."""
        state = self.state(now_s)
        reported = "health endpoint" if state.latency_ms else ""
        latency_from = "payments" if self._counts_payments(now_s) else reported
        failed = self._last_failure, self._failed_at_s
        return CircuitState(state, self.since_s, self.cause, self.reason, self.probe_at_s, *failed, latency_from)

    def _counts_payments(self, now_s: float) -> bool:
        recently_paid = now_s - self._paid_at_s <= FRESH_S / 3
        return bool(self._latencies_ms) and (recently_paid or self._paid_at_s >= self._reported_at_s)

    def _open(self, now_s: float, cause: str) -> None:
        if cause is not REPORTED:
            self._opened_by_report = False
        if not self.healthy:
            if cause is FAILURES:
                self.cause, self.reason = cause, self._last_failure
            return
        self._opened_by_report = cause is REPORTED
        if now_s - self._closed_at_s >= STEADY_S:
            self._probe_interval_s = PROBE_FIRST_S
        self.probe_at_s = now_s + self._probe_interval_s
        self._turn(now_s, cause, "" if cause is REPORTED else self._last_failure)

    def _close(self, now_s: float, cause: str) -> None:
        if not self.healthy:
            self._closed_at_s = now_s
            self._turn(now_s, cause, "")
        self.probe_at_s = None
        self._opened_by_report = self._lacks_probes = False
        self._failures = 0

    def _turn(self, now_s: float, cause: str, reason: str) -> None:
        self.lasted_s, self.since_s = now_s - self.since_s, now_s
        self.cause, self.reason = cause, reason
