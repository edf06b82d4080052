"""What the intake notes of payments beside their taking: how long they waited, and what happens to many at once."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from actors.messages.people import RetryParked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.intake.backlog.entry import Entry
    from actors.intake.backlog.parked import Parked
    from actors.messages.people import RetryPayment
    from actors.messages.settling import Attempt
    from actors.tracing import Fields, Recorder

MANY_MAX = 1_000
"""Hops of payments to which the same happens at once: those of a whole backlog would drive out all that is kept."""


def note_wait(recorder: Recorder, entry: Entry, attempt: Attempt) -> None:
    """Note how long a payment has waited for the attempt that was just sent, and why it was sent there."""
    if recorder.active:
        waited_ns = int(entry.waited_s * 1e9)
        begun_ns, fields = recorder.now_ns() - waited_ns, _why(attempt.why, entry.reason)
        recorder.note(attempt.payment.payment_id, "backlog.wait", begun_ns, waited_ns, attempt.number, "intake", fields)


def note_each(recorder: Recorder, hop: str, entries: Iterable[Entry]) -> None:
    """Note what happens to many payments at once; of ``MANY_MAX`` at most."""
    if recorder.active:
        now_ns = recorder.now_ns()
        for entry in islice(entries, MANY_MAX):
            recorder.note(entry.payment.payment_id, hop, now_ns, 0, 0, "intake")


def note_retried(recorder: Recorder, parked: Parked, order: RetryParked | RetryPayment) -> None:
    """Note which of those that are parked a person lets try again."""
    if isinstance(order, RetryParked):
        note_each(recorder, "retried", parked)
    elif (entry := parked.get(order.payment_id)) is not None:
        note_each(recorder, "retried", (entry,))


@lru_cache(maxsize=1024)
def _why(why: str, after: str) -> Fields:
    """One object for all that are sent for the same reason, and had the same said to them before."""
    return {"why": why, "after": after} if after else {"why": why}
