"""Whether a person may say how a payment ended, and what follows from it.

Only a payment that can't end by itself is ended so: one of unknown outcome, or a parked one. Until a processor has had
its longest delay after the last post, nobody can know what comes of it; so it is left alone from the first word on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.intake.entry import LONGEST_DELAY_S, State
from actors.values import CloseAnswer, CloseResult, PaymentClosed, PaymentSettled

if TYPE_CHECKING:
    from actors.intake.backlog import Backlog
    from actors.intake.entry import Entry
    from actors.messages import Close
    from actors.values import JournalEntry

_ENDED = {
    State.WAITING: CloseResult.WAITS,
    State.SETTLED: CloseResult.SETTLED,
    State.WRITTEN_OFF: CloseResult.WRITTEN_OFF,
}


def decide(backlog: Backlog, order: Close, now_s: float) -> tuple[CloseAnswer, Entry | None]:
    """Whether a payment may be closed now. One for which it is too early is held back from now on.

    Args:
        backlog: where the payment is.
        order: what the person says.
        now_s: the present, on the monotonic clock.

    Returns:
        The answer, and the payment if it is ``CLOSED``.
    """
    if order.processor and not backlog.has_processor(order.processor):
        return CloseAnswer(CloseResult.NO_PROCESSOR), None
    found = backlog.find(order.payment_id)
    if found is None:
        return CloseAnswer(CloseResult.NO_PAYMENT), None
    state, entry = found
    if entry is None:
        return CloseAnswer(_ENDED[state]), None
    if state is State.IN_FLIGHT:
        backlog.hold(entry, now_s)
        return CloseAnswer(CloseResult.UNDER_WAY, LONGEST_DELAY_S), None
    wait_s = entry.posted_at_s + LONGEST_DELAY_S - now_s
    if wait_s > 0:
        backlog.hold(entry, now_s)
        return CloseAnswer(CloseResult.TOO_SOON, wait_s), None
    return CloseAnswer(CloseResult.CLOSED), entry


def facts(order: Close, entry: Entry, now_ms: int, epoch: int) -> tuple[JournalEntry, ...]:
    """What goes on record with a payment that is closed: who said so, and the settlement if it is one."""
    payment_id, processor = order.payment_id, order.processor
    cents = entry.payment.amount_cents
    closed = PaymentClosed(payment_id, cents, not processor, order.by, order.reason, now_ms, epoch)
    if not processor:
        return (closed,)
    return closed, PaymentSettled(payment_id, processor, order.amount_cents, order.requested_at_ms, epoch)
