"""What the hops of a second tell: which payments ended, which failed, and of which the trace is to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.tracing import Record

REFUSALS_FINE = 2
"""So many refusals a payment may have without a word: a processor that has just begun to fail refuses some."""

_SERVER_ERROR, _OUTCOME_UNKNOWN = 500, 504


class Review(NamedTuple):
    """What became of payments since the last one.

    Args:
        started_ns: when those began that began since then, by id.
        took_ns: how long those took that ended, by id.
        began_before: those that ended, too, and began before: how long they took isn't known from these hops.
        failed: those that were refused, unknown or parked, the first one first.
        wrong: those that went so wrong that their traces are to be written, the first one first.
        ends: how those ended that ended, by id: the processor that settled one, or the status of an API's answer.
    """

    started_ns: dict[bytes, int]
    took_ns: dict[bytes, int]
    began_before: list[bytes]
    failed: dict[bytes, None]
    wrong: dict[bytes, None]
    ends: dict[bytes, str]


def review(records: Iterable[Record]) -> Review:
    """Look through hops of one process, in the order in which they were noted.

    A payment has gone wrong with its third refusal, an unknown outcome, or if it is parked; whether it took too long is
    for others to say.
    """
    started_ns: dict[bytes, int] = {}
    took_ns: dict[bytes, int] = {}
    began_before: list[bytes] = []
    failed: dict[bytes, None] = {}
    wrong: dict[bytes, None] = {}
    ends: dict[bytes, str] = {}
    for start_ns, hop_ns, payment_id, hop, attempt, _actor, fields in records:
        if hop == "intake.taken":
            started_ns.setdefault(payment_id, start_ns)
        elif hop == "backlog.wait":
            if attempt == 1:
                started_ns[payment_id] = start_ns
        elif hop == "payment.attempt":
            outcome = fields and fields["outcome"]
            if outcome != "settled":
                failed[payment_id] = None
                if outcome != "refused" or attempt > REFUSALS_FINE:
                    wrong[payment_id] = None
        elif hop == "ledger.recorded":
            ends[payment_id] = str(fields["processor"]) if fields else ""
            if payment_id in started_ns:
                took_ns[payment_id] = start_ns + hop_ns - started_ns[payment_id]
            else:
                began_before.append(payment_id)
        elif hop == "api.request":
            started_ns[payment_id], took_ns[payment_id] = start_ns, hop_ns
            status = fields["status"] if fields else 0
            ends[payment_id] = str(status)
            if isinstance(status, int) and status >= _SERVER_ERROR:
                failed[payment_id] = None
                if status == _OUTCOME_UNKNOWN:
                    wrong[payment_id] = None
        elif hop == "parked":
            failed[payment_id] = wrong[payment_id] = None
    return Review(started_ns, took_ns, began_before, failed, wrong, ends)
