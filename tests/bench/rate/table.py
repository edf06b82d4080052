"""What climbs found, as lines for people."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from tests.bench.host import CHANGED_SHARE, change
from tests.bench.subjects import FLOOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.rate.step import Climb, Step


def describe(step: Step) -> str:
    """One line about a step."""
    cpu = ", ".join(f"{name} {each:.2f} ({step.throttled[name]})" for name, each in step.cpu.items())
    return (
        f"{step.rate}/s {'served' if step.served else 'NOT served'}: "
        f"accepted {step.accepted} of {step.sent} sent of {step.due}, "
        f"from when they were due p50 {step.p50:.2f}, p99 {step.p99:.2f} ms (from when sent {step.sent_p99:.2f}), "
        f"books compared after {step.settled_s:.1f} s, CPUs (throttled) {cpu}; {step.differences or 'books right'}"
    )


def table(climbs: Sequence[Climb]) -> str:
    """By rate and subject: medians over the sets, beside the floor's of the same set, and what came through.

    Latencies count from when payments were due, but in the column "if sent", which is p99 from when they were sent.

    Args:
        climbs: of one measurement, which may have been stopped.
    """
    titles = "".join(f"{title:>9}" for title in ("p50 ms", "p99 ms", "÷ floor", "if sent", "served"))
    lines = [f"{'rate':>6}  {'subject':20}{'sets':>5}{titles}"]
    floors = {(each.number, step.rate): step.p99 for each in climbs if each.subject == FLOOR for step in each.steps}
    for rate in sorted({step.rate for each in climbs for step in each.steps}):
        for subject in dict.fromkeys(each.subject for each in climbs):
            steps = ((each.number, step) for each in climbs if each.subject == subject for step in each.steps)
            own = [(number, step) for number, step in steps if step.rate == rate]
            if not own:
                continue
            ratios = [step.p99 / floor for number, step in own if (floor := floors.get((number, rate)))]
            ratio = f"{statistics.median(ratios):9.2f}" if ratios else f"{'-':>9}"
            p50, p99, sent = (
                statistics.median(getattr(step, name) for _, step in own) for name in ("p50", "p99", "sent_p99")
            )
            served = f"{sum(step.served for _, step in own)}/{len(own)}"
            lines.append(f"{rate:6}  {subject:20}{len(own):5}{p50:9.2f}{p99:9.2f}{ratio}{sent:9.2f}{served:>9}")
    for number in sorted({each.number for each in climbs}):
        share = change(speed for one in climbs if one.number == number for speed in (one.speed_before, one.speed_after))
        if share > CHANGED_SHARE:
            lines.append(f"set {number}: the host's speed changed by {share:.0%} within it, so its figures say little")
    return "\n".join(lines)
