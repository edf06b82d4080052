"""Which payment goes where next: backlog, pool and routing policy brought together, without sending anything."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from actors.intake.backlog.entry import FRESH
from actors.intake.dispatch.choice import BENCHMARK, DUE, PROBE
from actors.intake.dispatch.chooser import OVERDUE_S, Chooser
from actors.intake.dispatch.drain import LONG_S, Drain
from actors.intake.dispatch.probes import Probe, Probes
from actors.messages.settling import Attempt
from actors.values import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actors.intake.backlog.backlog import Backlog
    from actors.intake.backlog.entry import Entry
    from actors.intake.dispatch.pace import Pace
    from actors.intake.dispatch.pool import Pool
    from actors.intake.dispatch.routing import Policy
    from actors.recipient import Recipient
    from actors.runtime.clocks import Clock
    from actors.values import ProcessorHealth

TRIAL_S = 1.0
"""For so long after a circuit has closed, the newest payments and the oldest go in turns: three hundred that fail
everywhere, come at once, would else open it each time before anybody else got through."""


class Dispatcher:
    """Plans attempts. It outlives the intake's restarts.

    Args:
        backlog: where payments come from.
        pool: the payment actors, and how much is under way.
        policy: the routing policy.
        processors: names and fees, before anything is known of their health.
        clock: for ``requestedAt`` and for ages.
        pace: how fast waiting payments are sent; probes and unknown outcomes have schedules of their own.

    Attributes:
        chooser: where waiting payments go, and why.
        drain: the backlog that drains, if one does.
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
        self._probes = Probes()
        self.chooser = Chooser(pool, policy, processors, clock, pace)
        self.drain = Drain(clock)
        self._trial_until_s = float("-inf")
        self._newest_is_next = True

    def update(self, processors: Sequence[ProcessorHealth]) -> None:
        """Take note of the processors' present health."""
        ill = {each.name for each in self.chooser.processors if not each.healthy}
        if any(each.healthy and each.name in ill for each in processors):
            self._trial_until_s = self._clock.monotonic_s() + TRIAL_S
        self.chooser.update(processors)
        for each in processors:
            if each.healthy:
                self._probes.drop(each.name)

    def has_heard_of(self, processor: str) -> bool:
        """Whether a processor answered lately, a payment or at its health endpoint."""
        return any(each.name == processor and not each.stale for each in self.chooser.processors)

    def want_probe(self, processor: str, *, overtakes: bool = False) -> None:
        """Let the next payment that can tell how an unhealthy processor is go there, one only.

        Args:
            processor: its name.
            overtakes: it need not wait for an earlier probe that hangs.
        """
        self._probes.want(processor, overtakes=overtakes)

    def lacks_probe(self, processor: str) -> bool:
        """Whether, when nothing more can go, a processor is still to be probed for lack of a payment that would do."""
        return self._pool.has_idle and processor in self._probes.wanted(self._pool)

    def failed(self, attempt: Attempt) -> None:
        """Take note that an attempt was refused, or left its outcome unknown."""
        if attempt.step is not Step.LOOK_UP:
            self._probes.note_failure(attempt, self._clock.monotonic_s())

    def resolved(self, attempt: Attempt) -> None:
        """Take note that an unknown outcome turned out settled.

        If it was a probe, its row was probably found, which says nothing of posts: the next payment is the probe then.
        """
        if attempt.step is Step.RESOLVE and any(
            each.name == attempt.processor and not each.healthy for each in self.chooser.processors
        ):
            self.want_probe(attempt.processor)

    def next(self) -> tuple[Recipient, Attempt] | None:
        """Plan the next attempt and note it as in flight.

        Probes come first, then unknown outcomes that are due, then what waits.

        Returns:
            A payment actor and what it is to do; None if nothing can go now.
        """
        # Asked after every message, and mostly there is nothing to plan.
        if not self._pool.has_idle or not self._backlog.held.has_unsent:
            return None
        now_s = self._clock.monotonic_s()
        return self._next_probe(now_s) or self._next_unknown(now_s) or self._next_waiting(now_s)

    def wake_in_s(self) -> float | None:
        """Seconds until ``next`` may have more to say though nothing happens, None if it won't."""
        if not self._pool.has_idle or not self._backlog.held.has_unsent:
            return None
        now_s = self._clock.monotonic_s()
        dues = (
            self._backlog.unknown_due_s(each.name) for each in self.chooser.processors if self._pool.has_room(each.name)
        )
        delays = [max(0.0, due_s - now_s) for due_s in dues if due_s is not None]
        pause_s = self._pace.ready_in_s(now_s)
        if self._backlog.rested_s is not None:
            delays.append(max(0.0, self._backlog.rested_s - now_s))
        for head in self._backlog.heads(now_s):
            if pause_s:
                delays.append(pause_s)
            left_s = self._policy.patience_left_s(now_s - head.taken_at_s)
            delays.append(OVERDUE_S if left_s is None else min(left_s, OVERDUE_S))
        return min(delays, default=None)

    def _next_probe(self, now_s: float) -> tuple[Recipient, Attempt] | None:
        for name in self._probes.wanted(self._pool):
            unfit = self._probes.unfit(name, now_s)
            for fresh in (True, False) if self._probes.prefers_fresh(name) else (False, True):
                for besides in (unfit,) if fresh else (unfit | self._probes.tried(name), unfit):
                    entry = None if fresh else self._backlog.dispatch_bound(name, besides)
                    if entry is not None:
                        return self._begin_probe(entry, self._begin(entry, Step.RESOLVE, now_s, PROBE), now_s)
                    entry = self._waiting_probe(name, besides, now_s, fresh=fresh)
                    if entry is not None:
                        return self._begin_probe(entry, self._post(entry, name, now_s, PROBE), now_s)
        for name in self._probes.owed(self._pool):
            newest = self._backlog.newest
            if newest is not None and self._may_probe(newest, name, self._probes.unfit(name, now_s), now_s):
                return self._begin_probe(newest, self._post(newest, name, now_s, PROBE), now_s)
        return None

    def _waiting_probe(self, name: str, unfit: frozenset[bytes], now_s: float, *, fresh: bool) -> Entry | None:
        """A payment that waits or rests, and hasn't failed at a processor (``fresh``), or has."""
        waiting: Iterable[Entry] = chain(self._backlog.heads(now_s, unfit), self._backlog.resting())
        newest = self._backlog.newest
        if fresh and newest is not None and self._probes.prefers_newest(name):
            waiting = chain((newest,), waiting)
        return next(
            (
                each
                for each in waiting
                if (name not in each.kind.refused) is fresh and self._may_probe(each, name, unfit, now_s)
            ),
            None,
        )

    def _may_probe(self, entry: Entry, name: str, unfit: frozenset[bytes], now_s: float) -> bool:
        if name in entry.kind.rejected or entry.payment.payment_id in unfit:
            return False
        return self._policy.may_probe(self.chooser.processors, name, now_s - entry.taken_at_s)

    def _begin_probe(self, entry: Entry, planned: tuple[Recipient, Attempt], now_s: float) -> tuple[Recipient, Attempt]:
        actor, attempt = planned
        is_untried = entry.kind == FRESH and not entry.bound
        self._probes.begin(Probe(actor, attempt, not attempt.again, is_untried, now_s))
        return planned

    def _next_unknown(self, now_s: float) -> tuple[Recipient, Attempt] | None:
        for processor in self.chooser.processors:
            if self._pool.has_room(processor.name):
                entry = self._backlog.dispatch_due(processor.name, now_s)
                if entry is not None:
                    # An unhealthy processor gets posts as probes only, but it can always be asked.
                    only_ask = entry.unasked or entry.parked or not processor.healthy or entry.is_denied(now_s)
                    return self._begin(entry, Step.LOOK_UP if only_ask else Step.RESOLVE, now_s, DUE)
        return None

    def _next_waiting(self, now_s: float) -> tuple[Recipient, Attempt] | None:
        if self._pace.ready_in_s(now_s):
            return None
        for head in self._in_turn(now_s):
            processor, reason, _awaited, _left_s = self.chooser.choose(head, now_s)
            if processor:
                if reason is not BENCHMARK:
                    self._pace.take(now_s)
                    self._newest_is_next = not self._newest_is_next
                if self.drain.is_open or (now_s - head.taken_at_s > LONG_S and head.kind is FRESH):
                    self.drain.note(now_s)
                return self._post(head, processor, now_s, reason)
        return None

    def _in_turn(self, now_s: float) -> Iterable[Entry]:
        heads = self._backlog.heads(now_s)
        newest = self._backlog.newest if self._newest_is_next and now_s < self._trial_until_s else None
        return heads if newest is None else chain((newest,), heads)

    def _post(self, head: Entry, processor: str, now_s: float, why: str) -> tuple[Recipient, Attempt]:
        self._backlog.dispatch(head, processor, self._clock.now_ms())
        return self._begin(head, Step.POST, now_s, why)

    def _begin(self, entry: Entry, step: Step, now_s: float, why: str) -> tuple[Recipient, Attempt]:
        entry.begun_at_s = now_s
        witness = self._backlog.outcomes.routes[entry.processor].witness if step is Step.LOOK_UP else b""
        again = entry.bound or entry.processor in entry.kind.refused
        sent = entry.payment, entry.processor, entry.requested_at_ms
        attempt = Attempt(*sent, self._backlog.epoch, step, witness, again, entry.attempts.made + 1, why)
        return self._pool.begin(attempt, now_s), attempt
