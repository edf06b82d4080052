"""The report as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.host import CHANGED_SHARE
from tests.bench.report.figures import METRICS, service_figures, subject_figures
from tests.bench.report.goals import outcomes
from tests.bench.report.host import beside, changed_sets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.bench.report.figures import ServiceFigures
    from tests.bench.report.goals import Outcome
    from tests.bench.report.samples import Sample, Spread

NONE = "-"
"""Stands where nothing was measured."""

DIFFERENCES_MAX = 5
"""Lines per round; a broken round may have thousands, and its file has them all."""

INTRODUCTION = """# Benchmark

Written by `make bench-report` from the rounds beside it. Figures are medians over the rounds, with the least and the
greatest in brackets. Times vary from hour to hour with the machine, and only rounds that ran one after the other, those
of the same number, compare. So a ratio is taken within such a set, and the median of the ratios shown.
"""

REACHED = {True: "yes", False: "**no**", None: "not measured"}


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """A table.

    Args:
        head: titles of the columns.
        rows: their cells.
        left: how many columns hold text, which begins at the left; the others hold numbers.
    """
    rule = ["---" if number < left else "---:" for number in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows)) + "\n"


def shown(figure: Spread | None, digits: int, scale: float = 1, ranged: bool = True) -> str:
    """A figure: its median, and its range if that shows a difference.

    Args:
        figure: over the rounds.
        digits: behind the point.
        scale: divides it.
        ranged: without, the median alone.
    """
    if figure is None:
        return NONE
    median, least, most = (f"{value / scale:,.{digits}f}" for value in figure)
    return median if least == most or not ranged else f"{median} ({least} to {most})"


def conditions(samples: Mapping[str, Sequence[Sample]]) -> str:
    """What was measured, when and where."""
    rounds = [sample.round for own in samples.values() for sample in own]
    hosts = sorted({f"{each.cpus} x {each.model}, Linux {each.kernel}" for each in (one.host for one in rounds)})
    loads = [each.host.load_before for each in rounds]
    script = f", by {rounds[0].script}" if rounds[0].script else ""
    rows = []
    for subject, own in samples.items():
        starts = sorted(sample.round.started_at for sample in own)
        revisions = ", ".join(sorted({sample.round.revision for sample in own}))
        compared = sum(sample.floor is not None for sample in own)
        rows.append([subject, revisions, starts[0], starts[-1], str(len(own)), str(compared)])
    head = ["subject", "revision", "first round", "last round", "rounds", "beside a floor"]
    return (
        f"{rounds[0].users} users within {rounds[0].seconds} s{script}. Host: {'; '.join(hosts)}; "
        f"load average before a round {min(loads):.2f} to {max(loads):.2f}.\n\n{table(head, rows, left=4)}"
    )


def subjects_table(figures: Mapping[str, Sequence[Spread | None]]) -> str:
    """The table of subjects: a column each."""
    rows = (
        [metric.title, *(shown(own[number], metric.digits) for own in figures.values())]
        for number, metric in enumerate(METRICS)
    )
    return table(["", *figures], rows)


def goals_table(results: Sequence[Outcome]) -> str:
    """The table of goals: a row each."""
    if not results:
        return "None of the subjects that have goals was measured.\n"
    rows = []
    for each in results:
        digits = each.goal.digits
        held = f"{each.held} of {each.rounds}" if each.rounds else NONE
        judged = "every round" if each.goal.always else "median"
        limit = f"≤ {each.limit:g}" if each.limit else "0"
        rows.append([each.subject, each.goal.title, judged, limit, shown(each.measured, digits), held])
        rows[-1].append(REACHED[each.reached])
    reached, missed, unknown = ([one.reached for one in results].count(which) for which in (True, False, None))
    head = ["subject", "goal", "judged by", "limit", "measured", "rounds within it", "reached"]
    return f"{reached} reached, {missed} missed, {unknown} not measured.\n\n{table(head, rows, left=3)}"


def services_table(figures: Iterable[ServiceFigures]) -> str:
    """The table of services: a row each."""
    head = ["subject", "service", "CPU, ms per payment", "user", "system", "CPU limit"]
    head += ["throttled periods", "of them in the steady phase", "peak memory, MB", "limit", "ready after, s"]
    rows = (
        [
            each.subject,
            each.service,
            shown(each.cpu, 3),
            *(shown(amount, 3, ranged=False) for amount in (each.user, each.system)),
            shown(each.cpu_limit, 2),
            *(shown(amount, 0) for amount in (each.throttled, each.steady_throttled)),
            *(shown(amount, 0, 1e6) for amount in (each.memory_peak, each.memory_limit)),
            shown(each.ready, 2),
        ]
        for each in figures
    )
    return table(head, rows, left=2)


def differences_list(samples: Mapping[str, Sequence[Sample]]) -> str:
    """What the books' checker found, at most `DIFFERENCES_MAX` lines of a round."""
    lines = []
    for subject, own in samples.items():
        for sample in own:
            found = sample.round.differences
            lines += [f"- {subject} {sample.round.number}: `{line}`" for line in found[:DIFFERENCES_MAX]]
            if len(found) > DIFFERENCES_MAX:
                lines.append(f"- {subject} {sample.round.number}: {len(found) - DIFFERENCES_MAX} more")
    return "\n".join(lines or ["None."]) + "\n"


def host_table(samples: Mapping[str, Sequence[Sample]]) -> str:
    """The host's own speed beside each round; the sets in which it changed are named above."""
    rounds = [each for each in beside(samples) if each.before and each.after]
    if not rounds:
        return "Not measured.\n"
    changed = changed_sets(samples)
    sets = ", ".join(f"{number} (by {share:.0%})" for number, share in changed.items())
    said = f"**Sets on a host that changed by over {CHANGED_SHARE:.0%} within them, which say little: {sets}.**\n\n"
    rows = [
        [
            f"{each.number}{' (changed)' if each.changed else ''}",
            each.subject,
            *(f"{one.loop_ms:.1f}" for one in (each.before, each.after) if one),
            *(f"{one.late_p50_us:.0f}, {one.late_p99_us:,.0f}" for one in (each.before, each.after) if one),
            NONE if each.stolen_share is None else f"{100 * each.stolen_share:.1f}",
        ]
        for each in rounds
    ]
    head = ["set", "subject", "fixed loop before, ms", "after", "thread late by before, µs: p50, p99", "after"]
    return (said if changed else "") + table([*head, "stolen during it, %"], rows, left=2)


def render(samples: Mapping[str, Sequence[Sample]], plots: Mapping[str, str]) -> str:
    """The whole report.

    Args:
        samples: the rounds by subject.
        plots: by file name, what each shows.
    """
    parts = {
        "What was measured": conditions(samples),
        "Goals": goals_table(outcomes(samples)),
        "Subjects": subjects_table(subject_figures(samples)),
        "Services": services_table(service_figures(samples)),
        "Host": host_table(samples),
        "Differences in the books": differences_list(samples),
        "Plots": "\n".join(f"![{title}]({name})\n" for name, title in plots.items()),
    }
    return INTRODUCTION + "".join(f"\n## {title}\n\n{text}" for title, text in parts.items())
