"""Why a processor is healthy or isn't, why it is in use, and what would change that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.health import causes
from actors.intake.dispatch import choice as reasons
from actors.intake.dispatch.routing import Cheapest
from actors.words import units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.intake.dispatch.choice import Choice
    from actors.intake.dispatch.routing import Policy
    from actors.messages.health import CircuitState


def circuit(cause: str, reason: str) -> str:
    """Why a processor is healthy, or isn't."""
    match cause:
        case causes.FAILURES:
            what = units.said(reason)
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
    return f"{name} is probed again in {units.seconds(in_s)}" if in_s > 0 else f"{name} is probed with the next payment"


def probes(circuits: Sequence[CircuitState], now_s: float) -> str:
    """When those that are failing are probed."""
    due = [(each.probe_at_s - now_s, each.health.name) for each in circuits if each.probe_at_s is not None]
    return ", ".join(probed(name, in_s) for in_s, name in sorted(due))


def failing(circuits: Sequence[CircuitState], since_ms: Sequence[int]) -> str:
    """That no processor is healthy: each with what it says, and since when."""
    each = (
        f"{state.health.name} {_fault(state)} since {units.instant(at_ms)}"
        for state, at_ms in zip(circuits, since_ms, strict=True)
    )
    all_ = "both processors are failing" if len(circuits) == 2 else "every processor is failing"
    return f"{all_}: {'; '.join(each)}"


def _fault(state: CircuitState) -> str:
    if state.cause == causes.REPORTED:
        return "says itself that it is failing"
    what = units.said(state.reason)
    return f"is {what}" if what.startswith("unreachable") else f"refuses ({what})"


def next_step(name: str, probed_in_s: float | None) -> str:
    """What is done about a processor."""
    return "three failures in a row would take it out of use" if probed_in_s is None else probed(name, probed_in_s)


def back(chosen: Choice, policy: Policy, circuits: Sequence[CircuitState], now_s: float) -> str:
    """What would change the choice of a processor."""
    if not chosen.processor or chosen.reason in {reasons.ONLY_HEALTHY, reasons.PATIENCE_OVER}:
        return probes(circuits, now_s) or "another processor that is healthy"
    name = chosen.processor
    if isinstance(policy, Cheapest):
        return f"{name} fails, and payments have waited for it for {units.seconds(policy.patience_s)}"
    others = [each.health for each in circuits if each.health.name != name and each.health.healthy]
    mine = next(each.health for each in circuits if each.health.name == name)
    cheaper = " or ".join(each.name for each in others if each.fee_bps < mine.fee_bps)
    margin = f"{policy.tolerance_ms:g} ms"
    if cheaper:
        return f"{cheaper} is no more than {margin} slower than {name}: some payments go there to measure it"
    if not others:
        return f"{name} fails, and another processor is healthy: {probes(circuits, now_s)}"
    return f"{name} fails, or is over {margin} slower than {' or '.join(each.name for each in others)}"
