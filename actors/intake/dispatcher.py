"""Which payment goes where next: backlog, pool and routing policy brought together, without sending anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.messages import Attempt
from actors.values import ProcessorHealth, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.intake.backlog import Backlog
    from actors.intake.entry import Entry
    from actors.intake.pace import Pace
    from actors.intake.pool import Pool
    from actors.intake.routing import Policy
    from actors.recipient import Recipient
    from actors.runtime.clocks import Clock

OVERDUE_S = 0.25
"""An attempt under way for so long tells more of its processor's speed than those that are over.

Well above what a stall of our own process does to a measured latency.
"""


class Dispatcher:
    """Plans attempts. It outlives the intake's restarts.

    Args:
        backlog: where payments come from.
        pool: the payment actors, and how much is under way.
        policy: the routing policy.
        processors: names and fees, before anything is known of their health.
        clock: for ``requestedAt`` and for ages.
        pace: how fast waiting payments are sent; probes and unknown outcomes have schedules of their own.
    """

    def __init__(
        self,
        backlog: Backlog,
        pool: Pool,
        policy: Policy,
        processors: Sequence[ProcessorHealth],
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._backlog = backlog
        self._pool = pool
        self._policy = policy
        self._clock = clock
        self._pace = pace
        # A dict for its order: that of a set of names differs from process to process.
        self._wanted_probes: dict[str, None] = {}
        self.update(processors)

    def update(self, processors: Sequence[ProcessorHealth]) -> None:
        """Take note of the processors' present health."""
        self._processors = tuple(processors)
        self._benchmarks = self._policy.benchmarks(self._processors)
        for each in processors:
            if each.healthy:
                self._wanted_probes.pop(each.name, None)

    def has_heard_of(self, processor: str) -> bool:
        """Whether a processor answered lately, a payment or at its health endpoint."""
        return any(each.name == processor and not each.stale for each in self._processors)

    def want_probe(self, processor: str) -> None:
        """Let the next payment that may go to an unhealthy processor go there, one only."""
        self._wanted_probes[processor] = None

    def resolved(self, attempt: Attempt) -> None:
        """Take note that an unknown outcome turned out settled.

        If it was a probe, its row was probably found, which says nothing of posts: the next payment is the probe then.
        """
        if attempt.step is Step.RESOLVE and any(
            each.name == attempt.processor and not each.healthy for each in self._processors
        ):
            self.want_probe(attempt.processor)

    def next(self) -> tuple[Recipient, Attempt] | None:
        """Plan the next attempt and note it as in flight.

        Probes come first, then unknown outcomes that are due, then what waits.

        Returns:
            A payment actor and what it is to do; None if nothing can go now.
        """
        # Asked after every message, and mostly there is nothing to plan.
        if not self._pool.has_idle or not self._backlog.has_unsent:
            return None
        now_s = self._clock.monotonic_s()
        return self._next_probe(now_s) or self._next_unknown(now_s) or self._next_waiting(now_s)

    def wake_in_s(self) -> float | None:
        """Seconds until ``next`` may have more to say though nothing happens, None if it won't."""
        if not self._pool.has_idle or not self._backlog.has_unsent:
            return None
        now_s = self._clock.monotonic_s()
        dues = (self._backlog.unknown_due_s(each.name) for each in self._processors if self._pool.has_room(each.name))
        delays = [max(0.0, due_s - now_s) for due_s in dues if due_s is not None]
        pause_s = self._pace.ready_in_s(now_s)
        for head in self._backlog.heads():
            if pause_s:
                delays.append(pause_s)
            left_s = self._policy.patience_left_s(now_s - head.taken_at_s)
            delays.append(OVERDUE_S if left_s is None else min(left_s, OVERDUE_S))
        return min(delays, default=None)

    def _next_probe(self, now_s: float) -> tuple[Recipient, Attempt] | None:
        for name in self._wanted_probes:
            if not self._pool.has_room(name):
                continue
            entry = self._backlog.dispatch_bound(name)
            if entry is not None:
                del self._wanted_probes[name]
                return self._begin(entry, Step.RESOLVE, now_s)
            for head in self._backlog.heads():
                waited_s = now_s - head.taken_at_s
                if name not in head.rejections and self._policy.may_probe(self._processors, name, waited_s):
                    del self._wanted_probes[name]
                    return self._post(head, name, now_s)
        return None

    def _next_unknown(self, now_s: float) -> tuple[Recipient, Attempt] | None:
        for processor in self._processors:
            if self._pool.has_room(processor.name):
                entry = self._backlog.dispatch_due(processor.name, now_s)
                if entry is not None:
                    # An unhealthy processor gets posts as probes only, but it can always be asked.
                    only_ask = entry.unasked or not processor.healthy or entry.is_denied(now_s)
                    return self._begin(entry, Step.LOOK_UP if only_ask else Step.RESOLVE, now_s)
        return None

    def _next_waiting(self, now_s: float) -> tuple[Recipient, Attempt] | None:
        if self._pace.ready_in_s(now_s):
            return None
        for head in self._backlog.heads():
            for name, share in self._benchmarks:
                has_share = self._pool.busy(name) < share and self._pool.has_room(name)
                if has_share and name not in head.rejections:
                    return self._post(head, name, now_s)
            candidates = [self._observed(each, now_s) for each in self._processors if each.name not in head.rejections]
            chosen = self._policy.choose(candidates, now_s - head.taken_at_s)
            if chosen is not None and self._pool.has_room(chosen):
                self._pace.take(now_s)
                return self._post(head, chosen, now_s)
        return None

    def _observed(self, processor: ProcessorHealth, now_s: float) -> ProcessorHealth:
        age_s = self._pool.oldest_s(processor.name, now_s)
        if age_s < OVERDUE_S or age_s * 1000 <= processor.latency_ms:
            return processor
        return processor._replace(latency_ms=age_s * 1000)

    def _post(self, head: Entry, processor: str, now_s: float) -> tuple[Recipient, Attempt]:
        self._backlog.dispatch(head, processor, self._clock.now_ms())
        return self._begin(head, Step.POST, now_s)

    def _begin(self, entry: Entry, step: Step, now_s: float) -> tuple[Recipient, Attempt]:
        witness = self._backlog.routes[entry.processor].witness if step is Step.LOOK_UP else b""
        attempt = Attempt(entry.payment, entry.processor, entry.requested_at_ms, self._backlog.epoch, step, witness)
        return self._pool.begin(attempt, now_s), attempt
