"""Which processor a waiting payment goes to now, and why: the policy, brought together with what is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.intake.backlog.entry import FRESH
from actors.intake.dispatch.choice import BENCHMARK, NO_ROOM, PACED, PATIENCE, Choice
from actors.intake.dispatch.in_use import InUse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.intake.backlog.entry import Entry
    from actors.intake.dispatch.pace import Pace
    from actors.intake.dispatch.pool import Pool
    from actors.intake.dispatch.routing import Policy
    from actors.runtime.clocks import Clock
    from actors.values import ProcessorHealth

OVERDUE_S = 0.25
"""An attempt under way for so long tells more of its processor's speed than those that are over.

Well above what a stall of our own process does to a measured latency.
"""


class Chooser:
    """Chooses, and keeps what it chose last. It outlives the intake's restarts.

    Args:
        pool: how much is under way.
        policy: the routing policy.
        processors: names and fees, before anything is known of their health.
        clock: for ages, and since when a processor is in use.
        pace: how fast waiting payments are sent.

    Attributes:
        policy: the routing policy.
        processors: what is known of each processor.
        in_use: the processor that new payments go to.
    """

    def __init__(
        self, pool: Pool, policy: Policy, processors: Sequence[ProcessorHealth], clock: Clock, pace: Pace
    ) -> None:
        self.policy = policy
        self.processors: tuple[ProcessorHealth, ...] = ()
        self.in_use = InUse(clock)
        self._pool = pool
        self._clock = clock
        self._pace = pace
        self.update(processors)

    def update(self, processors: Sequence[ProcessorHealth]) -> None:
        """Take note of the processors' present health."""
        self.processors = tuple(processors)
        self._benchmarks = self.policy.benchmarks(self.processors)
        choice = self.for_new()
        # While payments wait for the cheapest, those out of patience go elsewhere: that isn't undone by each news.
        if choice.reason != PATIENCE or not self.is_healthy(self.in_use.processor):
            self.in_use.note(choice)

    def is_healthy(self, name: str) -> bool:
        """Whether a processor's circuit is closed."""
        return any(each.healthy for each in self.processors if each.name == name)

    def for_new(self) -> Choice:
        """What the policy would choose for a payment that comes now."""
        return self.policy.choose(self._observed(self._clock.monotonic_s()), 0.0)

    def choose(self, entry: Entry, now_s: float) -> Choice:
        """Choose for a payment that waits; the pace isn't looked at.

        Args:
            entry: the payment.
            now_s: the present, on the monotonic clock.
        """
        rejected, refused, _shunned = entry.kind
        for name, share in self._benchmarks:
            if name not in rejected and name not in refused and self._has_share(name, share, now_s):
                return Choice(name, BENCHMARK)
        choice = self._preferred(entry, now_s)
        if not choice.processor:
            return choice
        if not self._pool.has_room(choice.processor):
            return Choice("", NO_ROOM, choice.processor)
        if choice.processor != self.in_use.processor and entry.kind is FRESH:
            self.in_use.note(choice)
        return choice

    def explain(self, entry: Entry, now_s: float) -> Choice:
        """The same for people, the pace looked at, and nothing noted."""
        choice = self._preferred(entry, now_s)
        if not choice.processor:
            return choice
        if not self._pool.has_idle or not self._pool.has_room(choice.processor):
            return Choice("", NO_ROOM, choice.processor if self._pool.has_idle else "")
        pause_s = self._pace.ready_in_s(now_s)
        return Choice("", PACED, choice.processor, pause_s) if pause_s else choice

    def _has_share(self, name: str, share: int, now_s: float) -> bool:
        if self._pool.busy(name) >= share or not self._pool.has_room(name):
            return False
        # Where one hangs already, another payment would wait as long, and tell no more.
        return self._pool.oldest_s(name, now_s) < OVERDUE_S or all(
            each.latency_ms >= OVERDUE_S * 1000 for each in self.processors if each.name == name
        )

    def _preferred(self, entry: Entry, now_s: float) -> Choice:
        waited_s, candidates = now_s - entry.taken_at_s, self._observed(now_s)
        if entry.kind is FRESH:
            return self.policy.choose(candidates, waited_s)
        rejected, _refused, shunned = entry.kind
        candidates = [each for each in candidates if each.name not in rejected]
        if shunned:
            others = [each._replace(healthy=False) if each.name in shunned else each for each in candidates]
            choice = self.policy.choose(others, waited_s)
            if choice.processor:
                return choice
        return self.policy.choose(candidates, waited_s)

    def _observed(self, now_s: float) -> Sequence[ProcessorHealth]:
        """The processors, each no faster than its oldest attempt under way, if that is overdue."""
        if not self._pool.has_older(now_s - OVERDUE_S):
            return self.processors
        ages_s = [self._pool.oldest_s(each.name, now_s) for each in self.processors]
        return [
            each._replace(latency_ms=max(each.latency_ms, age_s * 1000)) if age_s >= OVERDUE_S else each
            for each, age_s in zip(self.processors, ages_s, strict=True)
        ]
