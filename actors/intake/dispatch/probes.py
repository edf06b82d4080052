"""Which unhealthy processors are to be probed, and with which payments not.

A probe asks after the processor, not after the payment. So it is never the payment that failed there last, nor the one
that was the probe before; and only one is under way at a time, because whoever is sent to a slow processor waits there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from actors.intake.dispatch.pool import Pool
    from actors.messages.settling import Attempt
    from actors.recipient import Recipient

UNFIT_S = 15.0
"""After three polls without a word of the health endpoint, a payment that failed last is tried all the same: there may
be no other, and nothing may be forgotten."""

TRIED_MAX = 1000
"""Payments that have been probes, and are passed over; those are some ten minutes of an outage."""


class Probe(NamedTuple):
    """The last probe of a processor.

    Args:
        actor: who carries it out.
        attempt: what it does.
        is_fresh: its payment hadn't failed there before.
        is_untried: nor anywhere else.
        at_s: when it began, on the monotonic clock.
    """

    actor: Recipient
    attempt: Attempt
    is_fresh: bool
    is_untried: bool
    at_s: float


class Probes:
    """The wishes for probes. It outlives the intake's restarts."""

    def __init__(self) -> None:
        # Dicts for their order: that of a set of names differs from process to process.
        self._wanted: dict[str, bool] = {}
        self._owed: dict[str, None] = {}
        self._last: dict[str, Probe] = {}
        self._failed: dict[str, tuple[bytes, float]] = {}
        self._newest: dict[str, bool] = {}
        self._worked: dict[str, bool] = {}
        self._tried: dict[str, set[bytes]] = {}

    def want(self, processor: str, *, overtakes: bool = False) -> None:
        """Have a processor probed once.

        Args:
            processor: its name.
            overtakes: it says that it is well, so a probe that hangs there isn't waited for.
        """
        self._wanted[processor] = overtakes or self._wanted.get(processor, False)

    def drop(self, processor: str) -> None:
        """Want no probe any more: the circuit is closed."""
        self._worked[processor] = True
        self._wanted.pop(processor, None)
        self._owed.pop(processor, None)
        self._tried.pop(processor, None)

    def tried(self, processor: str) -> Set[bytes]:
        """The ids of those that were probes since it is unhealthy, or since all that there are were.

        Each is one in its turn: three that fail there for ever must not keep a fourth, which would settle, from it.
        """
        return self._tried.get(processor, frozenset())

    def owed(self, pool: Pool) -> Iterator[str]:
        """The processors to which the next payment that hasn't failed anywhere goes: there was none in its turn.

        Otherwise those that have failed, here or elsewhere, would take every turn of a processor that the policy
        doesn't choose now: all others go elsewhere at once.
        """
        return (name for name in list(self._owed) if pool.has_room(name) and not self._is_under_way(name, pool))

    def wanted(self, pool: Pool) -> Iterator[str]:
        """The processors that a probe may go to now."""
        for name, overtakes in list(self._wanted.items()):
            if pool.has_room(name) and (overtakes or not self._is_under_way(name, pool)):
                yield name

    def _is_under_way(self, processor: str, pool: Pool) -> bool:
        last = self._last.get(processor)
        return last is not None and pool.carries_out(last.actor, last.attempt)

    def begin(self, probe: Probe) -> None:
        """Note that a probe is under way."""
        processor = probe.attempt.processor
        if probe.is_untried:
            self._owed.pop(processor, None)
        elif self.prefers_fresh(processor):
            self._owed[processor] = None
        if probe.is_fresh:
            self._newest[processor] = self.prefers_newest(processor)
        self._wanted.pop(processor, None)
        self._last[processor], self._worked[processor] = probe, False
        tried, payment_id = self._tried.setdefault(processor, set()), probe.attempt.payment.payment_id
        if payment_id in tried or len(tried) >= TRIED_MAX:
            tried.clear()
        tried.add(payment_id)

    def note_failure(self, attempt: Attempt, now_s: float) -> None:
        """Note that a post was refused, or its outcome is unknown."""
        self._failed[attempt.processor] = attempt.payment.payment_id, now_s

    def unfit(self, processor: str, now_s: float) -> frozenset[bytes]:
        """The ids of the payments that can't tell how a processor is."""
        last = self._last.get(processor)
        before = (last.attempt.payment.payment_id, last.at_s) if last else None
        recent = (self._failed.get(processor), before)
        return frozenset(each[0] for each in recent if each and now_s - each[1] < UNFIT_S)

    def prefers_fresh(self, processor: str) -> bool:
        """Whether it is the turn of a payment that hasn't failed there.

        In turns: those alone that have failed may all be at fault, and of the others each probe of a processor that
        loses answers makes one more payment of unknown outcome. What closed the circuit last time is tried first again.
        """
        last = self._last.get(processor)
        return last is None or not last.is_fresh or self._worked[processor]

    def prefers_newest(self, processor: str) -> bool:
        """Whether, of those that haven't failed there, the newest is to go, and not the oldest.

        In turns as well: a hundred bad payments that came at once are the oldest for a hundred probes.
        """
        return self._newest.get(processor, True) is self._worked.get(processor, True)
