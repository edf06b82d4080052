"""What became of payments, one by one: what each is, since when, why, and what happens next.

States are ``storing``, ``waiting``, ``in_flight``, ``unknown``, ``parked``, ``settled`` and ``written_off``. What is
said in words is a sentence from ``actors/words/``. Instants that nobody knows are 0.
"""

from __future__ import annotations

from typing import NamedTuple


class AttemptReport(NamedTuple):
    """One attempt of a payment.

    Args:
        number: its number, from 1 on.
        step: ``post``, ``look-up`` or ``resolve``: see ``Step``.
        processor: where.
        at_ms: when it began.
        took_ms: how long it took in ms, or has taken until now.
        outcome: ``settled``, ``refused``, ``unknown`` or ``absent``; empty while it is under way.
        reason: what was said, or what happened; may be empty.
    """

    number: int
    step: str
    processor: str
    at_ms: int
    took_ms: float
    outcome: str
    reason: str


class PaymentReport(NamedTuple):
    """What became of one payment.

    Args:
        payment_id: its 16 bytes.
        amount_cents: amount in cents: as taken; as settled, once it is in the books.
        state: where it is.
        taken_ms: when this worker took it; 0 if it is settled or written off, as that is forgotten then.
        since_ms: since when it is in its state.
        processor: where it is bound, in flight or settled; empty for nowhere.
        requested_at_ms: the ``requestedAt`` that it was sent with there.
        why: why it is where it is.
        next: what happens next, by itself or by whom.
        next_ms: when that is; 0 if nobody knows, or nothing does.
        attempts: the first, and the last ones; five at most.
        attempts_made: how many there were, the one under way among them.
    """

    payment_id: bytes
    amount_cents: int
    state: str
    taken_ms: int
    since_ms: int
    processor: str
    requested_at_ms: int
    why: str
    next: str
    next_ms: int
    attempts: tuple[AttemptReport, ...]
    attempts_made: int


class PaymentsPage(NamedTuple):
    """Some of the payments that are held.

    Args:
        payments: the oldest first.
        total: how many there are of that state in all.
        after: what to ask for the next page with; empty at the end.
    """

    payments: tuple[PaymentReport, ...]
    total: int
    after: str


class HeldReport(NamedTuple):
    """Whether payments wait, and why.

    Args:
        counts: how many there are by state, those not settled.
        backlog_max: how many may be held.
        oldest_ms: when the oldest was taken; 0 without any.
        why: why they wait.
        next: what ends that.
        drained_ms: when the last backlog was gone that had been waited in for long; 0 if there was none.
        drained_s: how long that took, in seconds.
        drained_payments: how many went meanwhile.
    """

    counts: dict[str, int]
    backlog_max: int
    oldest_ms: int
    why: str
    next: str
    drained_ms: int = 0
    drained_s: float = 0.0
    drained_payments: int = 0
