"""What people get to know of the backlog: answers to their questions, and warnings of what may need them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from actors.messages.people import GetCounts, GetHeld, GetParked, GetUnknown

if TYPE_CHECKING:
    from actors.intake.backlog import Backlog
    from actors.messages.settling import Attempt
    from actors.runtime.clocks import Clock
    from actors.tracing import Recorder
    from actors.values import Settled

logger = logging.getLogger(__name__)


class Reporter:
    """Answers and warns.

    Args:
        backlog: of what.
        clock: for how long outcomes have been unknown.
        recorder: told of payments that were parked.
    """

    def __init__(self, backlog: Backlog, clock: Clock, recorder: Recorder) -> None:
        self._backlog = backlog
        self._clock = clock
        self._recorder = recorder

    def answer(self, question: GetCounts | GetHeld | GetParked | GetUnknown) -> object:
        """Answer a question, with what its class says."""
        match question:
            case GetCounts():
                return self._backlog.statistics()
            case GetHeld():
                return self._backlog.held.ids()
            case GetParked():
                return self._backlog.held.parked_payments()
            case GetUnknown():
                return self._backlog.held.unknown_payments(self._clock.monotonic_s())

    @property
    def has_news(self) -> bool:
        """Whether there may be something to warn of, now or later."""
        outcomes = self._backlog.outcomes
        return bool(outcomes.doubts) or bool(outcomes.newly_parked)

    def warn(self) -> float | None:
        """Warn of payments that were parked, and of outcomes that stay unknown.

        Returns:
            In how many seconds to look again; None if there is no need.
        """
        parked = self._backlog.outcomes.newly_parked
        while parked:
            payment, reason = parked.pop(0)
            logger.warning("payment.parked", extra={"payment": _text(payment.payment_id), "reason": reason})
            if self._recorder.active:
                now_ns = self._recorder.now_ns()
                self._recorder.note(payment.payment_id, "parked", now_ns, 0, 0, "intake", {"reason": reason})
        now_s, doubts = self._clock.monotonic_s(), self._backlog.outcomes.doubts
        doubts.warn(now_s)
        due_s = doubts.due_s
        return None if due_s is None else due_s - now_s

    def differs(self, attempt: Attempt, settled: Settled) -> None:
        """Warn of a payment that its processor holds with another amount."""
        extra = {
            "payment": _text(attempt.payment.payment_id),
            "processor": attempt.processor,
            "ours_cents": attempt.payment.amount_cents,
            "theirs_cents": settled.amount_cents,
        }
        logger.warning("payment.amount_differs", extra=extra)


def _text(payment_id: bytes) -> str:
    return str(UUID(bytes=payment_id))
