"""Whether a person may say how a payment ended, and what follows from it.

Only a payment that can't end by itself is ended so: one of unknown outcome, or a parked one. Until a processor has had
its longest delay after the last post, nobody can know what comes of it; so it is left alone from the first word on.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from actors.facts import PaymentClosed, PaymentSettled
from actors.intake.backlog.entry import LONGEST_DELAY_S, State
from actors.messages.people import CloseAnswered
from actors.messages.settling import RecordPayment
from actors.reports import CloseAnswer, CloseResult

if TYPE_CHECKING:
    from actors.facts import JournalEntry
    from actors.intake.backlog.backlog import Backlog
    from actors.intake.backlog.entry import Entry
    from actors.messages.people import Close
    from actors.ports import Relay
    from actors.recipient import Recipient
    from actors.runtime.clocks import Clock

logger = logging.getLogger(__name__)

_ENDED = {
    State.STORING: CloseResult.WAITS,
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
    if order.processor and order.processor not in backlog.processors:
        return CloseAnswer(CloseResult.NO_PROCESSOR), None
    found = backlog.find(order.payment_id)
    if found is None:
        return CloseAnswer(CloseResult.NO_PAYMENT), None
    state, entry = found
    if entry is None or state in _ENDED:
        return CloseAnswer(_ENDED[state]), None
    if state is State.IN_FLIGHT:
        backlog.held.hold(entry, now_s)
        return CloseAnswer(CloseResult.UNDER_WAY, LONGEST_DELAY_S), None
    wait_s = entry.posted_at_s + LONGEST_DELAY_S - now_s
    if wait_s > 0:
        backlog.held.hold(entry, now_s)
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


class Closer:
    """Takes a person's word on a payment, or says why not.

    Args:
        backlog: where the payment is.
        ledger: told of a payment that is settled.
        relay: how far the journal goes before the person is answered.
        clock: for the record, and for what is too soon.
    """

    def __init__(self, backlog: Backlog, ledger: Recipient, relay: Relay, clock: Clock) -> None:
        self._backlog = backlog
        self._ledger = ledger
        self._relay = relay
        self._clock = clock

    def close(self, order: Close, reply_to: Recipient, me: Recipient) -> None:
        """Do as the person says, if it may be done now.

        Args:
            order: what the person says.
            reply_to: told ``CloseAnswered``.
            me: the intake, told when the payment is in the books.
        """
        backlog, epoch = self._backlog, self._backlog.epoch
        answer, entry = decide(backlog, order, self._clock.monotonic_s())
        answered = reply_to, CloseAnswered(answer)
        if entry is None:
            self._relay.after((), answered)
            return
        entries = facts(order, entry, self._clock.now_ms(), epoch)
        _log(order)
        # Told first, noted then: after a crash in between it is told twice, which does no harm.
        if order.processor:
            attempt = entry.attempts.made  # the last one that there was
            row = order.payment_id, order.processor, order.amount_cents, order.requested_at_ms
            self._relay.after(entries, (self._ledger, RecordPayment(*row, epoch, me, attempt)), answered)
            backlog.settle_by_hand(entry)
        else:
            self._relay.after(entries, answered)
            backlog.write_off(entry)


def _log(order: Close) -> None:
    payment = str(UUID(bytes=order.payment_id))
    extra = {"correlationId": payment, "processor": order.processor, "by": order.by, "reason": order.reason}
    logger.warning("payment.closed", extra=extra)
