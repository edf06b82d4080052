"""How the whole system is, in one or two sentences: what, since when, why, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actors.words import units

if TYPE_CHECKING:
    from actors.reports import ProcessorReport, ProcessorsReport
    from rinha.bridge.protocol.wire.overview import Overview

OK, DEGRADED, FAILING = "ok", "degraded", "failing"

LONG_MS = 1000
"""A payment that has waited for so long is no matter of pace any more, and a settlement that takes so long is slow."""
DOUBT_MS = 5000
"""An outcome that is unknown for a moment is found out by the next look; after this many looks were in vain."""


class Verdict(NamedTuple):
    """How it is.

    Args:
        level: ``ok``; ``degraded``: it goes on, but not as it should; or ``failing``: something goes not on at all.
        text: in words.
    """

    level: str
    text: str


def away(since_ms: int) -> Verdict:
    """That the worker has no session with this API since an instant, in milliseconds since the Unix epoch."""
    text = f"The worker is away since {units.instant(since_ms)}, as far as this API sees"
    return Verdict(FAILING, f"{text}: it takes no payment until the worker is back, and connects again by itself.")


def silent(since_ms: int, why: str) -> Verdict:
    """That the worker has a session, and no answer."""
    text = f"The worker gives no overview since {units.instant(since_ms)}: {why.rstrip('.')}. "
    return Verdict(DEGRADED, f"{text}Payments may go on all the same; what its log says may tell why.")


def verdict(overview: Overview, now_ms: int) -> Verdict:
    """Say how it is, the worst thing first.

    Args:
        overview: all that is known.
        now_ms: the present, in milliseconds since the Unix epoch.
    """
    processors = overview.processors.processors
    failing = [each for each in processors if not each.healthy]
    counts = overview.held.counts
    waiting = counts.get("waiting", 0) + counts.get("storing", 0)
    if len(failing) == len(processors):
        text = f"Nothing settles: {overview.held.why}. {_capital(units.count(waiting, 'payment'))} waiting"
        refused = f"; clients get 503: {overview.refused.why}" if overview.refused.why else ""
        return Verdict(FAILING, f"{text}; {overview.held.next or 'they are probed'}{refused}.")
    if overview.refused.why:
        return Verdict(FAILING, f"Clients get 503: {overview.refused.why}. {_refused(overview)}")
    if parked := counts.get("parked", 0):
        since = (
            units.instant(min(each.since_ms for each in overview.payments.parked)) if overview.payments.parked else ""
        )
        text = f"{_capital(units.count(parked, 'payment'))} parked{f' since {since}' if since else ''}"
        return Verdict(DEGRADED, f"{text}: a person must act, retry or say how it ended. All others go on.")
    if failing:
        return Verdict(DEGRADED, _one_failing(failing, overview.processors))
    if old := [each for each in overview.payments.unknown if now_ms - each.since_ms >= DOUBT_MS]:
        first = old[0]
        text = f"{_capital(units.count(counts.get('unknown', len(old)), 'outcome'))} unknown"
        return Verdict(
            DEGRADED, f"{text}, the oldest since {units.instant(first.since_ms)}: {first.why}. Next: {first.next}."
        )
    return _pace(overview, waiting, now_ms)


def _one_failing(failing: list[ProcessorReport], report: ProcessorsReport) -> str:
    first, routing = failing[0], report.routing
    fee = next((units.fee(each.fee_bps) for each in report.processors if each.name == routing.in_use), "")
    goes = f"Payments go to {routing.in_use} at {fee}" if routing.in_use else f"Payments wait: {routing.why}"
    return (
        f"{_capital(first.name)} is failing since {units.instant(first.since_ms)}: {first.why}. {goes}; {first.next}."
    )


def _pace(overview: Overview, waiting: int, now_ms: int) -> Verdict:
    oldest_ms = min((each.taken_ms for each in overview.payments.waiting), default=now_ms)
    settled, in_use = overview.settled, overview.processors.routing.in_use
    if waiting and now_ms - oldest_ms >= LONG_MS:
        text = f"{_capital(units.count(waiting, 'payment'))} waiting, the oldest since {units.instant(oldest_ms)}"
        return Verdict(DEGRADED, f"{text}: {overview.held.why}. Next: {overview.held.next}.")
    if settled.p99_ms is not None and settled.p99_ms >= LONG_MS:
        slowest = overview.slowest[0].longest if overview.slowest else "unknown"
        took = units.seconds(settled.p99_ms / 1000)
        text = f"It is slow: in the last ten seconds one payment in a hundred took over {took}"
        return Verdict(DEGRADED, f"{text}; of the slowest one's time, most went to: {slowest}.")
    if overview.missing:
        return Verdict(DEGRADED, f"Payments settle, but not everybody answers: {'; '.join(overview.missing)}.")
    if not settled.per_s:
        return Verdict(OK, "All is well: every payment is settled, and none came in the last ten seconds.")
    pace = f"{settled.per_s:,.0f} payments a second settle at {in_use or 'the processors'}"
    took = "" if settled.p50_ms is None else f", half of them within {settled.p50_ms:.1f} ms"
    return Verdict(OK, f"All is well: {pace}{took}.")


def _refused(overview: Overview) -> str:
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in overview.refused.reasons.items())
    return (
        f"In the last minute it refused {reasons}; what was accepted goes on."
        if reasons
        else "What was accepted goes on."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
