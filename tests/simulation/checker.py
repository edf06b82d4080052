"""The invariants, checked at the end of a run.

The full rules hold for a run with one worker, and with a journal for any run:

1. Every acknowledged id is in exactly one processor's rows, or written off and in none's; no id is in both.
2. The ledger equals the processors' rows: id, processor, cents, ``requestedAt``.
3. accepted = settled + waiting + in flight + unknown + parked + written off (at random instants too, see
   ``run.py``).
4. What was answered 409 or 503 never settles with that amount.
5. Nothing that was acknowledged before a purge appears after it.

With a journal in the background an id that has left the memory may be answered 202 though it comes with another amount
than before; it is not settled with that.

Without a journal a worker that dies takes what it held with it, by design. Then the rules are weaker: 1, 4 and 5 count
for what the last worker was given and acknowledged; processors may hold rows that only earlier workers' requests
committed. But no payment is at both processors, however often its client sent it and to whichever API: what was sent
to an earlier worker is looked for before it is sent on. Only an API that dies forgets what it sent, and a new one may
come to a worker before those from which that learns of an earlier one. Whatever is in the ledger must still be true.

A payment acknowledged while a purge was under way may be on either side of it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from actors.messages.people import GetSummary
from actors.values import LedgerRow, Summary, Totals, Verdict
from rinha.commands.reconcile import reconcile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from actors.reports import Statistics
    from tests.simulation.api import Submission
    from tests.simulation.processor import SimulatedProcessor


class PurgeWindow:
    """When a purge may have taken effect."""

    def __init__(self, begun_s: float, incarnation: int) -> None:
        self.begun_s = begun_s
        self.ended_s = float("inf")
        self.incarnation = incarnation
        self.done = False
        """Whether it certainly took effect."""


class Outcome(NamedTuple):
    """What a run has come to."""

    ledger: Sequence[LedgerRow]
    summary: Summary
    windows: list[tuple[GetSummary, Summary]]
    statistics: Statistics
    processors: Mapping[str, SimulatedProcessor]
    submissions: Sequence[Submission]
    purges: Sequence[PurgeWindow]
    incarnation: int
    durable: bool
    knows_amounts: bool
    """Whether an id that comes again is compared before it is answered, however old it is: not where a journal is heard
    after the answer alone."""
    given_up: Collection[bytes]
    remembers: bool
    """Whether APIs remember what they sent."""

    @property
    def strict(self) -> bool:
        """Whether the full rules hold."""
        return self.durable or self.incarnation == 1


def check(outcome: Outcome) -> list[str]:
    """Every violation, in words; none is what one hopes for."""
    return [*_books(outcome), *_counts(outcome), *_answers(outcome), *_purged(outcome), *_of_another_epoch(outcome)]


def _books(outcome: Outcome) -> list[str]:
    in_ledger = {row.payment_id for row in outcome.ledger}
    after_purges = _sent_after_purges(outcome)
    theirs = {
        name: [
            row
            for row in processor.rows.values()
            if (row.payment_id in after_purges and (outcome.strict or _is_last(outcome, processor, row)))
            or (name, row.payment_id) in {(each.processor, each.payment_id) for each in outcome.ledger}
        ]
        for name, processor in outcome.processors.items()
    }
    acknowledged = {
        each.payment.payment_id
        for each in outcome.submissions
        if each.is_taken
        and each.payment.payment_id in after_purges
        and (outcome.strict or each.incarnation == outcome.incarnation)
    }
    by_id = _by_id(outcome)
    refused = {payment_id for payment_id, all_ in by_id.items() if all(each.answer == "unavailable" for each in all_)}
    found = reconcile(outcome.ledger, theirs, acknowledged=sorted(acknowledged), refused=sorted(refused))
    lines = [
        f"{each.kind}: #{int.from_bytes(each.payment_id)} {each.detail}"
        for each in found
        if each.kind != "lost" or each.payment_id not in outcome.given_up
    ]
    lines += _doubled(outcome)
    missing = acknowledged - in_ledger
    lines += [f"lost: #{int.from_bytes(each)} not in our books" for each in sorted(missing - set(outcome.given_up))]
    if len(missing) > outcome.statistics.written_off:
        lines.append(f"lost: {len(missing)} are not in our books, {outcome.statistics.written_off} are written off")
    return lines


def _sent_after_purges(outcome: Outcome) -> set[bytes]:
    """Payments that were sent since the last purge only. An id of before one is never sent again after it."""
    return {
        each.payment.payment_id
        for each in outcome.submissions
        if all(each.at_s > purge.ended_s for purge in outcome.purges)
    }


def _doubled(outcome: Outcome) -> list[str]:
    """Payments at both processors that a client sent once, or of which the APIs remember that, and could say so."""
    if outcome.strict:
        return []
    by_id = _by_id(outcome)
    doubled = set.intersection(_sent_after_purges(outcome), *(set(each.rows) for each in outcome.processors.values()))
    return [
        f"doubled: #{int.from_bytes(payment_id)}, sent {len(by_id[payment_id])} times"
        for payment_id in sorted(doubled)
        if len(by_id[payment_id]) == 1
        or (
            outcome.remembers
            and not any(each.too_early or (each.api is not None and each.api.crashed) for each in by_id[payment_id])
        )
    ]


def _is_last(outcome: Outcome, processor: SimulatedProcessor, row: LedgerRow) -> bool:
    return processor.committed_for[row.payment_id] == outcome.incarnation


def _counts(outcome: Outcome) -> list[str]:
    found, counts = [], outcome.statistics
    if counts.settled != len(outcome.ledger):
        found.append(f"counts: {counts.settled} settled, {len(outcome.ledger)} in the ledger")
    for window, summary in ((GetSummary(), outcome.summary), *outcome.windows):
        sums = _sums(outcome, window)
        if summary != sums:
            found.append(f"summary: {window} has {summary}, the rows {sums}")
    return found


def _sums(outcome: Outcome, window: GetSummary) -> Summary:
    sums = {name: [0, 0] for name in outcome.processors}
    for row in outcome.ledger:
        after = window.from_ms is None or row.requested_at_ms >= window.from_ms
        if after and (window.to_ms is None or row.requested_at_ms <= window.to_ms):
            sums[row.processor][0] += 1
            sums[row.processor][1] += row.amount_cents
    return {name: Totals(*each) for name, each in sums.items()}


def _answers(outcome: Outcome) -> list[str]:
    found = []
    booked = {row.payment_id: row.amount_cents for row in outcome.ledger}
    for payment_id, submissions in _by_id(outcome).items():
        if not outcome.strict and any(each.incarnations - {outcome.incarnation} for each in submissions):
            continue  # an earlier worker may have known another amount
        if any(_overlaps(each, submissions) for each in outcome.purges):
            continue  # before and after a purge, an id may stand for two payments
        name = f"#{int.from_bytes(payment_id)}"
        taken = {each.payment.amount_cents for each in submissions if each.is_taken}
        # "lost", or queued at an API that died with it.
        maybe = {each.payment.amount_cents for each in submissions if each.answer in {"lost", None, Verdict.TAKEN}}
        refused = {each.payment.amount_cents for each in submissions if each.answer is Verdict.CONFLICT}
        if len(taken) > 1 and outcome.knows_amounts:
            found.append(f"conflict: {name} taken with {sorted(taken)}")
        if payment_id in booked and booked[payment_id] in refused - taken - maybe:
            found.append(f"unwanted: {name} settled with {booked[payment_id]}, which was refused")
        if payment_id in booked and taken and booked[payment_id] not in taken:
            found.append(f"different: {name} settled with {booked[payment_id]}, taken with {sorted(taken)}")
    return found


def _overlaps(purge: PurgeWindow, submissions: Sequence[Submission]) -> bool:
    answered = [each.answered_at_s for each in submissions if each.answer is not None]
    return purge.begun_s <= max(answered, default=0.0) and purge.ended_s >= min(each.at_s for each in submissions)


def _purged(outcome: Outcome) -> list[str]:
    last_taken_s = {
        payment_id: max((each.answered_at_s for each in all_ if each.answer in {"lost", Verdict.TAKEN}), default=0.0)
        for payment_id, all_ in _by_id(outcome).items()
    }
    in_ledger = {row.payment_id for row in outcome.ledger}
    return [
        f"purged: #{int.from_bytes(each.payment.payment_id)} was acknowledged before a purge and is in the books"
        for each in outcome.submissions
        if each.answer is Verdict.TAKEN
        and each.payment.payment_id in in_ledger
        and any(
            purge.done
            # Of another request for the same id, under way during the purge, the answer counts as given after it; so
            # does one that got lost.
            and last_taken_s[each.payment.payment_id] < purge.begun_s
            and (outcome.durable or purge.incarnation == outcome.incarnation)
            for purge in outcome.purges
        )
    ]


def _of_another_epoch(outcome: Outcome) -> list[str]:
    """Payments in the books that no API sent in their epoch. What goes to another worker moves to the epoch there."""
    if outcome.incarnation > 1:
        return []
    epoch, by_id = outcome.statistics.epoch, _by_id(outcome)
    return [
        f"purged: #{int.from_bytes(row.payment_id)} is in the books of epoch {epoch}, and was sent in an earlier one"
        for row in outcome.ledger
        if all(each.epoch != epoch for each in by_id[row.payment_id])
    ]


def _by_id(outcome: Outcome) -> dict[bytes, list[Submission]]:
    by_id: dict[bytes, list[Submission]] = defaultdict(list)
    for each in outcome.submissions:
        by_id[each.payment.payment_id].append(each)
    return by_id
