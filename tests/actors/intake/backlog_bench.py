"""Short ways into the backlog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.values import Payment

if TYPE_CHECKING:
    from actors.intake.backlog.backlog import Backlog
    from actors.intake.backlog.entry import Entry


def send(backlog: Backlog, processor: str = "default", now_s: float = 100.0, number: int = 1) -> bytes:
    """Take a payment and put it in flight."""
    payment_id = bytes([number]) * 16
    backlog.take(Payment(payment_id, 1990), now_s)
    (head,) = [each for each in backlog.heads(100.0) if each.payment.payment_id == payment_id]
    backlog.dispatch(head, processor, 5000)
    return payment_id


def head(backlog: Backlog, now_s: float = 103.0) -> Entry:
    (only,) = backlog.heads(now_s)
    return only
