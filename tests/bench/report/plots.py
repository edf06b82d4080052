"""The report's plots: each function draws one of them, from measures that are taken elsewhere."""

from __future__ import annotations

import statistics
from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tests.bench.report.figures import service_figures
from tests.bench.report.goals import CPU_LIMIT_MS
from tests.bench.report.measures import CPU
from tests.bench.report.samples import over
from tests.bench.report.slices import slices
from tests.bench.report.style import SERVICE_COLOURS, WIDTH_IN, log_ms, look

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.bench.report.samples import Sample
    from tests.bench.rounds import Round

    Samples = Mapping[str, Sequence[Sample]]


def rounds(samples: Samples) -> Figure:
    """p99 of every round: a dot each, from left to right as they ran, and the subject's median as a line."""
    figure = Figure(figsize=(WIDTH_IN, 4.5), layout="constrained")
    axes = figure.subplots()
    for place, (subject, own) in enumerate(samples.items()):
        style = look(subject)
        p99s = [sample.round.latency.p99 for sample in own]
        axes.hlines(statistics.median(p99s), place - 0.35, place + 0.35, color=style.colour, linewidth=1.5)
        step = 0.6 / max(1, len(own) - 1)
        places = [place + (number * step - 0.3 if len(own) > 1 else 0) for number in range(len(own))]
        axes.plot(places, p99s, style.marker, color=style.colour, markersize=5)
    axes.set_xticks(range(len(samples)), list(samples))
    axes.grid(False, axis="x")
    axes.set_yscale("log")
    log_ms(axes.yaxis)
    axes.set_ylabel("p99 of a round, ms (log scale)")
    axes.set_xlabel("subject, its rounds in the order of their start")
    return figure


def cpu(samples: Samples) -> Figure:
    """CPU time per payment: a bar per subject, a segment per service, and the median of their sum behind it."""
    figure = Figure(figsize=(WIDTH_IN, 1.5 + 0.45 * len(samples)), layout="constrained")
    axes = figure.subplots()
    parts = [(each.subject, each.service, each.cpu.median) for each in service_figures(samples) if each.cpu]
    names = list(dict.fromkeys(service for _, service, _ in parts))
    colours = dict(zip(names, cycle(SERVICE_COLOURS), strict=False))
    places = {subject: number for number, subject in enumerate(samples)}
    ends = dict.fromkeys(samples, 0.0)
    for subject, service, amount in parts:
        axes.barh(
            places[subject], amount, 0.65, ends[subject], color=colours[service], edgecolor="white", linewidth=0.8
        )
        ends[subject] += amount
    for subject, own in samples.items():
        if found := over(own, CPU):
            axes.annotate(
                f"{found.median:.3f}",
                (ends[subject], places[subject]),
                (5, 0),
                textcoords="offset points",
                va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},  # the goal's line ends behind it
            )
    axes.axvline(CPU_LIMIT_MS, color="#444444", linewidth=0.9, linestyle="--")
    axes.annotate(
        f"goal {CPU_LIMIT_MS:g}",
        (CPU_LIMIT_MS, 1),
        (3, 2),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        fontsize=8,
    )
    axes.set_yticks(range(len(samples)), list(samples))
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.set_xlabel("CPU time per accepted payment, ms")
    figure.legend([Patch(color=colours[name]) for name in names], names, loc="outside lower center", ncols=6)
    return figure


class Plot(NamedTuple):
    """A plot of the report.

    Args:
        name: of its file.
        title: says what it shows.
        draw: makes it, but for the title.
        needs: whether a round has what it shows; where none does, there is no plot.
    """

    name: str
    title: str
    draw: Callable[[Samples], Figure]
    needs: Callable[[Round], bool]


PLOTS = (
    Plot(
        "slices.svg",
        "Latency by slice of the run: median of the rounds, in a band from the least to the greatest",
        slices,
        lambda each: any(one.count for one in each.slices),
    ),
    Plot(
        "rounds.svg",
        "p99 of each round; the lines are medians",
        rounds,
        lambda each: True,
    ),
    Plot(
        "cpu.svg",
        "CPU time per accepted payment, by service: medians of the rounds",
        cpu,
        lambda each: bool(each.usage and each.accepted),
    ),
)
