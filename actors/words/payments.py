"""Why a payment is where it is, and what happens to it next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from actors.intake.dispatch import choice as reasons
from actors.values import Step
from actors.words import processors, units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.intake.dispatch.choice import Choice
    from actors.messages.health import CircuitState
    from actors.messages.settling import Attempt
    from actors.values import ProcessorHealth

A_PERSON = "a person must act: retry it, or say how it ended"
NOTHING = "nothing: that is final"
ALL_AT_WORK = "all payment actors are at work"
STORING = "it is being written to the journal"
STORED_NEXT = "it waits to be sent once it is on disk"
HELD_BACK = "this worker has just started, and APIs may tell yet that one before it was sent this payment"
BOOKED_NEXT = "it is settled once it is entered"
SETTLED = "it is settled"
WRITTEN_OFF = "a person has said that it is settled nowhere"
NO_PAYMENT = "no payment of this id is known: it was never taken, or a purge or a restart without journal forgot it"
MAY_BE_SENT = "a worker before this one may have sent it"
WAS_SENT = "a worker before this one sent it there"
DENIED = "HTTP 422, and it is not there"
NOT_BOOKED = "settled, but entering it into the books failed"
NOT_HANDLED = "handling its outcome failed"


def choice(chosen: Choice, known: Sequence[ProcessorHealth] = ()) -> str:
    """Why a payment goes where it goes, or waits.

    Args:
        chosen: what was decided.
        known: what it was decided on, for the figures.
    """
    name, reason, awaited, _left_s = chosen
    figures = ", ".join(f"{each.name} {units.latency(each.latency_ms)} at {units.fee(each.fee_bps)}" for each in known)
    figures = figures and f" ({figures})"
    match reason:
        case reasons.ONLY_HEALTHY:
            return f"{name} is the only healthy processor"
        case reasons.FASTEST:
            return f"{name} is the fastest{figures}"
        case reasons.EQUAL_SO_CHEAPER:
            return f"{name} is the cheaper of those that are equally fast{figures}"
        case reasons.CHEAPEST:
            return f"{name} is the cheapest, and healthy"
        case reasons.PATIENCE_OVER:
            return f"it has waited long enough for the cheapest, which is failing: {name} is the next cheapest"
        case reasons.BENCHMARK:
            return f"it measures {name}, which is not in use"
        case reasons.PROBE:
            return f"it probes {name}, which was failing"
        case reasons.DUE:
            return f"its outcome at {name} is looked into" if name else "its outcome is looked into"
        case reasons.NO_ROOM:
            return f"{awaited} has as many payments under way as it may" if awaited else ALL_AT_WORK
        case reasons.PATIENCE:
            return f"{awaited}, the cheapest, is failing, and it is waited for"
        case reasons.PACED:
            return f"many wait for {awaited}, and they are sent at a bounded pace"
    return "every processor is failing"


def bound(processor: str, requested_at_ms: int, reason: str, look_ups: int) -> str:
    """Why a payment of unknown outcome may go nowhere else."""
    requested = f"{time.strftime('%H:%M:%S', time.gmtime(requested_at_ms // 1000))}.{requested_at_ms % 1000:03d}"
    times = f"looked for {units.count(look_ups, 'time')} so far" if look_ups else "not looked for yet"
    return (
        f"it was sent to {processor} as of {requested} UTC, and nobody knows what came of that "
        f"({units.said(reason)}): it may be settled there, so it may go nowhere else; {times}"
    )


def suspected(processors: Sequence[str], look_ups: int) -> str:
    """Why a payment is looked for everywhere."""
    where = " and ".join(processors)
    return (
        f"a worker before this one may have sent it: it is looked for at {where} before it is sent anywhere; "
        f"looked for {units.count(look_ups, 'time')} so far"
    )


def looked_up(processor: str, in_s: float, *, posted: bool) -> str:
    """When an unknown outcome is looked into next."""
    how = f"it is looked up at {processor} again"
    when = f"in {units.seconds(in_s)}" if in_s > 0 else "as soon as a payment actor is free"
    return f"{how} {when}{', and posted again there if it is not found' if posted else ''}"


def settled(processor: str, requested_at_ms: int) -> str:
    """That a payment is in the books."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(requested_at_ms // 1000))
    return f"{SETTLED}: {processor} has it, as of {at}.{requested_at_ms % 1000:03d} UTC"


def left_alone(left_s: float) -> str:
    """That a person looks into it."""
    return f"a person is looking into it: it is left alone for {units.seconds(left_s)}"


def under_way(attempt: Attempt) -> str:
    """What is being done with a payment in flight."""
    how = {Step.POST: "posted to", Step.LOOK_UP: "looked up at", Step.RESOLVE: "looked up, or posted again, at"}
    return f"attempt {attempt.number}: it is being {how[attempt.step]} {attempt.processor}"


def booking(processor: str) -> str:
    """That a payment is on its way into the books."""
    return f"{processor} has it, and it is being entered into the books"


def answer_decides(processor: str) -> str:
    """What ends an attempt."""
    return f"what {processor} answers decides; without an answer in time its outcome there is unknown"


def refused(processor: str, reason: str, times: int) -> str:
    """Why a payment rests."""
    return (
        f"{processor} refused it: {units.said(reason)}; {units.count(times, 'attempt')} so far, and it rests after each"
    )


def sent_again(in_s: float, *, again: bool = True) -> str:
    """When a payment is sent."""
    return f"it is sent{' again' if again else ''} in {units.seconds(in_s)}, if a processor is healthy then"


def parked(reason: str, answers: str) -> str:
    """Why a payment waits for a person."""
    return (
        f"every processor found fault with it, or refused it again and again: {reason}" if reason == answers else reason
    )


def parked_next(processor: str, in_s: float | None) -> str:
    """What ends that."""
    if in_s is None:
        return A_PERSON
    return f"{A_PERSON}; it is looked up at {processor} in {units.seconds(in_s)}, and settles itself if it is there"


def waiting_next(chosen: Choice, circuits: Sequence[CircuitState], now_s: float) -> tuple[str, float | None]:
    """What happens next to a payment that waits, and in how many seconds, if that is known."""
    due = [each.probe_at_s - now_s for each in circuits if each.probe_at_s is not None]
    match chosen.reason:
        case reasons.ALL_UNHEALTHY:
            return processors.probes(circuits, now_s) or "it is sent as soon as one is healthy", min(due, default=None)
        case reasons.PATIENCE:
            others = [each.health.name for each in circuits if each.health.healthy]
            where = f"it may go to {' or '.join(others)} in {units.seconds(chosen.left_s)}"
            return "; ".join(filter(None, (where, processors.probes(circuits, now_s)))), chosen.left_s
        case reasons.PACED:
            return f"it is sent to {chosen.awaited} in its turn", None
        case reasons.NO_ROOM:
            return "it is sent as soon as a payment actor is free", None
    return f"it is sent to {chosen.processor} next", 0.0


def retried(processor: str) -> str:
    """What follows from a retry."""
    return f"it is looked up at {processor} now, and posted again there" if processor else "it is sent again now"


def not_parked(state: str) -> str:
    """Why there is nothing to retry."""
    return f"it is not parked, but {state}"


def nothing_waits(held: int) -> str:
    """That no payment waits to be sent."""
    return f"no payment waits to be sent; {units.count(held, 'payment')} held in all"


def nothing_waits_next(unknown: int, parked_: int) -> str:
    """What else there is to be done."""
    doubtful = f"{units.count(unknown, 'payment')} of unknown outcome: looked into again and again" if unknown else ""
    idle = f"{units.count(parked_, 'payment')} parked: {A_PERSON}" if parked_ else ""
    return "; ".join(filter(None, (doubtful, idle))) or "nothing: all is well"


def crashed(times: int) -> str:
    """That a payment keeps crashing its actor."""
    return f"its actor crashed on it {times} times"


def in_doubt_for_long(processor: str, reason: str) -> str:
    """That an outcome stays unknown though its processor is well."""
    return f"outcome unknown at {processor}, which settles others: {reason}"


def last(why: str, reason: str) -> str:
    """Why a payment waits, and what was said to it last, if anything was."""
    return f"{why}; last, {units.said(reason)}" if reason else why
