"""What people get to know of the backlog unasked: log lines on payments in trouble."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from actors.intake.people.log_limit import LogLimit

if TYPE_CHECKING:
    from actors.intake.backlog.backlog import Backlog
    from actors.intake.backlog.entry import Entry
    from actors.messages.settling import Attempt
    from actors.runtime.clocks import Clock
    from actors.tracing import Recorder
    from actors.values import Settled

logger = logging.getLogger(__name__)

LINES_PER_S = {"payment.parked": 100, "payment.unknown": 10, "payment.found": 10}
"""Who must act needs the ids; of outcomes that are unknown for a moment, some tell what happens."""


class Reporter:
    """Tells and warns.

    Args:
        backlog: of what.
        clock: for how long outcomes have been unknown.
        recorder: told of payments that were parked.
    """

    def __init__(self, backlog: Backlog, clock: Clock, recorder: Recorder) -> None:
        self._backlog = backlog
        self._clock = clock
        self._recorder = recorder
        self._has_left_out = False
        self._limits = {event: LogLimit(per_s) for event, per_s in LINES_PER_S.items()}

    @property
    def has_news(self) -> bool:
        """Whether there may be something to tell, now or later."""
        outcomes = self._backlog.outcomes
        return bool(outcomes.doubts) or bool(outcomes.newly_parked) or self._has_left_out

    def warn(self) -> float | None:
        """Tell of payments that were parked or became unknown, and warn of outcomes that stay so.

        Returns:
            In how many seconds to look again; None if there is no need.
        """
        outcomes, now_s, recorder = self._backlog.outcomes, self._clock.monotonic_s(), self._recorder
        while outcomes.newly_parked:
            payment, reason = outcomes.newly_parked.pop(0)
            self._tell("payment.parked", payment.payment_id, now_s, level=logging.WARNING, reason=reason)
            if recorder.active:
                recorder.note(payment.payment_id, "parked", recorder.now_ns(), 0, 0, "intake", {"reason": reason})
        doubts = outcomes.doubts
        for entry in doubts.take_new():
            where = "any" if entry.unasked else entry.processor
            self._tell("payment.unknown", entry.payment.payment_id, now_s, processor=where, reason=entry.reason)
        doubts.warn(now_s)
        for event, limit in self._limits.items():
            if left_out := limit.take_left_out(now_s):
                logger.info("payment.lines_left_out", extra={"of": event, "payments": left_out})
        dues = [each.due_s for each in self._limits.values() if each.due_s is not None]
        self._has_left_out = bool(dues)
        if doubts.due_s is not None:
            dues.append(doubts.due_s)
        return min(dues) - now_s if dues else None

    def settled(self, entry: Entry, attempt: Attempt, settled: Settled) -> None:
        """Tell of a payment whose outcome was unknown, and warn of one that is settled with another amount."""
        payment_id, processor, now_s = entry.payment.payment_id, attempt.processor, self._clock.monotonic_s()
        if entry.unknown_since_s is not None:
            after_s, look_ups = round(now_s - entry.unknown_since_s, 3), entry.attempts.look_ups
            self._tell("payment.found", payment_id, now_s, processor=processor, after_s=after_s, look_ups=look_ups)
        if entry.differs:
            cents = {"ours_cents": entry.payment.amount_cents, "theirs_cents": settled.amount_cents}
            extra = {"correlationId": _text(payment_id), "processor": processor, **cents}
            logger.warning("payment.amount_differs", extra=extra)

    def _tell(self, event: str, payment_id: bytes, now_s: float, level: int = logging.INFO, **fields: object) -> None:
        if self._limits[event].allows(now_s):
            logger.log(level, event, extra={"correlationId": _text(payment_id), **fields})
        else:
            self._has_left_out = True


def _text(payment_id: bytes) -> str:
    return str(UUID(bytes=payment_id))
