"""What people read: every sentence on why something is as it is, and what happens next, is made here.

They begin in lower case and end without a full stop, so that they can stand in a table, in a line or after a colon.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from actors.health import causes
from actors.intake import choice as reasons
from actors.intake.routing import Cheapest
from actors.values import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.intake.choice import Choice
    from actors.intake.routing import Policy
    from actors.messages.health import CircuitState
    from actors.messages.settling import Attempt
    from actors.values import ProcessorHealth

_UNREACHABLE = re.compile(r"^no (connection|address)\b[^:]*: (\[Errno -?\d+\] )?")

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
NOT_BOOKED = "settled, but entering it into the books failed"
NOT_HANDLED = "handling its outcome failed"


def seconds(duration_s: float) -> str:
    """A duration."""
    if duration_s < 9.95:
        return f"{max(duration_s, 0.0):.1f} s"
    return f"{duration_s:.0f} s" if duration_s < 120 else f"{duration_s / 60:.0f} min"


def said(reason: str) -> str:
    """What a processor said, or what happened on the way to it."""
    return _UNREACHABLE.sub("unreachable: ", reason) or "no reason was given"


def circuit(cause: str, reason: str) -> str:
    """Why a processor is healthy, or isn't."""
    match cause:
        case causes.FAILURES:
            what = said(reason)
            return what if what.startswith("unreachable") else f"three payments in a row failed: {what}"
        case causes.REPORTED:
            return "says itself that it is failing"
        case causes.SETTLES:
            return "it settled a payment"
        case causes.SAYS_WELL:
            return "says itself that it is well"
    return "nothing is known against it"


def probed(name: str, in_s: float) -> str:
    """When an unhealthy processor is probed next."""
    return f"{name} is probed again in {seconds(in_s)}" if in_s > 0 else f"{name} is probed with the next payment"


def choice(chosen: Choice, processors: Sequence[ProcessorHealth] = ()) -> str:
    """Why a payment goes where it goes, or waits.

    Args:
        chosen: what was decided.
        processors: what it was decided on, for the figures.
    """
    name, reason, awaited, _left_s = chosen
    figures = ", ".join(f"{each.name} {latency(each.latency_ms)} at {fee(each.fee_bps)}" for each in processors)
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


def latency(latency_ms: float | None) -> str:
    """A response time."""
    return f"{latency_ms:.1f} ms" if latency_ms else "not measured"


def fee(fee_bps: int) -> str:
    """A fee."""
    return f"{fee_bps / 100:g} %"


def instant(at_ms: int) -> str:
    """An instant of this day."""
    return time.strftime("%H:%M:%S UTC", time.gmtime(at_ms // 1000))


def failing(circuits: Sequence[CircuitState], since_ms: Sequence[int]) -> str:
    """That no processor is healthy: each with what it says, and since when."""
    each = (
        f"{state.health.name} {_fault(state)} since {instant(at_ms)}"
        for state, at_ms in zip(circuits, since_ms, strict=True)
    )
    all_ = "both processors are failing" if len(circuits) == 2 else "every processor is failing"
    return f"{all_}: {'; '.join(each)}"


def _fault(state: CircuitState) -> str:
    if state.cause == causes.REPORTED:
        return "says itself that it is failing"
    what = said(state.reason)
    return f"is {what}" if what.startswith("unreachable") else f"refuses ({what})"


def probes(circuits: Sequence[CircuitState], now_s: float) -> str:
    """When those that are failing are probed."""
    due = [(each.probe_at_s - now_s, each.health.name) for each in circuits if each.probe_at_s is not None]
    return ", ".join(probed(name, in_s) for in_s, name in sorted(due))


def bound(processor: str, requested_at_ms: int, reason: str, look_ups: int) -> str:
    """Why a payment of unknown outcome may go nowhere else."""
    requested = f"{time.strftime('%H:%M:%S', time.gmtime(requested_at_ms // 1000))}.{requested_at_ms % 1000:03d}"
    times = f"looked for {count(look_ups, 'time')} so far" if look_ups else "not looked for yet"
    return (
        f"it was sent to {processor} as of {requested} UTC, and nobody knows what came of that "
        f"({said(reason)}): it may be settled there, so it may go nowhere else; {times}"
    )


def suspected(processors: Sequence[str], look_ups: int) -> str:
    """Why a payment is looked for everywhere."""
    where = " and ".join(processors)
    return (
        f"a worker before this one may have sent it: it is looked for at {where} before it is sent anywhere; "
        f"looked for {count(look_ups, 'time')} so far"
    )


def looked_up(processor: str, in_s: float, *, posted: bool) -> str:
    """When an unknown outcome is looked into next."""
    how = f"it is looked up at {processor} again"
    when = f"in {seconds(in_s)}" if in_s > 0 else "as soon as a payment actor is free"
    return f"{how} {when}{', and posted again there if it is not found' if posted else ''}"


def settled(processor: str, requested_at_ms: int) -> str:
    """That a payment is in the books."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(requested_at_ms // 1000))
    return f"{SETTLED}: {processor} has it, as of {at}.{requested_at_ms % 1000:03d} UTC"


def left_alone(left_s: float) -> str:
    """That a person looks into it."""
    return f"a person is looking into it: it is left alone for {seconds(left_s)}"


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
    return f"{processor} refused it: {said(reason)}; {count(times, 'attempt')} so far, and it rests after each"


def sent_again(in_s: float, *, again: bool = True) -> str:
    """When a payment is sent."""
    return f"it is sent{' again' if again else ''} in {seconds(in_s)}, if a processor is healthy then"


def parked(reason: str, answers: str) -> str:
    """Why a payment waits for a person."""
    return (
        f"every processor found fault with it, or refused it again and again: {reason}" if reason == answers else reason
    )


def parked_next(processor: str, in_s: float | None) -> str:
    """What ends that."""
    if in_s is None:
        return A_PERSON
    return f"{A_PERSON}; it is looked up at {processor} in {seconds(in_s)}, and settles itself if it is there"


def waiting_next(chosen: Choice, circuits: Sequence[CircuitState], now_s: float) -> tuple[str, float | None]:
    """What happens next to a payment that waits, and in how many seconds, if that is known."""
    due = [each.probe_at_s - now_s for each in circuits if each.probe_at_s is not None]
    match chosen.reason:
        case reasons.ALL_UNHEALTHY:
            return probes(circuits, now_s) or "it is sent as soon as one is healthy", min(due, default=None)
        case reasons.PATIENCE:
            others = [each.health.name for each in circuits if each.health.healthy]
            where = f"it may go to {' or '.join(others)} in {seconds(chosen.left_s)}"
            return "; ".join(filter(None, (where, probes(circuits, now_s)))), chosen.left_s
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
    return f"no payment waits to be sent; {count(held, 'payment')} held in all"


def nothing_waits_next(unknown: int, parked_: int) -> str:
    """What else there is to be done."""
    doubtful = f"{count(unknown, 'payment')} of unknown outcome: looked into again and again" if unknown else ""
    idle = f"{count(parked_, 'payment')} parked: {A_PERSON}" if parked_ else ""
    return "; ".join(filter(None, (doubtful, idle))) or "nothing: all is well"


def processor_next(name: str, probed_in_s: float | None) -> str:
    """What is done about a processor."""
    return "three failures in a row would take it out of use" if probed_in_s is None else probed(name, probed_in_s)


def back(chosen: Choice, policy: Policy, circuits: Sequence[CircuitState], now_s: float) -> str:
    """What would change the choice of a processor."""
    if not chosen.processor or chosen.reason in {reasons.ONLY_HEALTHY, reasons.PATIENCE_OVER}:
        return probes(circuits, now_s) or "another processor that is healthy"
    name = chosen.processor
    if isinstance(policy, Cheapest):
        return f"{name} fails, and payments have waited for it for {seconds(policy.patience_s)}"
    others = [each.health for each in circuits if each.health.name != name and each.health.healthy]
    mine = next(each.health for each in circuits if each.health.name == name)
    cheaper = " or ".join(each.name for each in others if each.fee_bps < mine.fee_bps)
    margin = f"{policy.tolerance_ms:g} ms"
    if cheaper:
        return f"{cheaper} is no more than {margin} slower than {name}: some payments go there to measure it"
    if not others:
        return f"{name} fails, and another processor is healthy: {probes(circuits, now_s)}"
    return f"{name} fails, or is over {margin} slower than {' or '.join(each.name for each in others)}"


def count(number: int, what: str) -> str:
    """So many of something."""
    return f"{number} {what}{'' if number == 1 else 's'}"
