"""The plot of a run's course: latency by slice, with the stages that the processors go through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from tests.bench.report.samples import spread
from tests.bench.report.style import WIDTH_IN, log_ms, look
from tests.support.client import CONTEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from tests.bench.report.samples import Sample
    from tests.support.client import Setting


def slices(samples: Mapping[str, Sequence[Sample]]) -> Figure:
    """p99 and p50 over the run: a line per subject, the median of its rounds, in a band of their range."""
    figure = Figure(figsize=(WIDTH_IN, 8), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    for axes, percentile in ((above, "p99"), (below, "p50")):
        for subject, own in samples.items():
            _line(axes, subject, own, percentile)
        axes.set_yscale("log")
        log_ms(axes.yaxis)
        axes.set_ylabel(f"{percentile} of a slice, ms (log scale)")
    seconds = next(iter(samples.values()))[0].round.seconds
    below.set_xlim(0, seconds)
    _stages(above, below, seconds / len(CONTEST))
    below.set_xlabel("time since the load began, s")
    figure.legend(*above.get_legend_handles_labels(), loc="outside lower center", ncols=8)
    return figure


def _line(axes: Axes, subject: str, own: Sequence[Sample], percentile: str) -> None:
    """Draw a subject's line through the middles of its slices."""
    values: dict[float, list[float]] = {}
    for each in (one for sample in own for one in sample.round.slices if one.count):
        values.setdefault((each.from_s + each.to_s) / 2, []).append(getattr(each, percentile))
    middles = sorted(values)
    spreads = [found for found in (spread(values[middle]) for middle in middles) if found]
    style = look(subject)
    axes.fill_between(
        middles, [each.least for each in spreads], [each.most for each in spreads], color=style.colour, alpha=0.1, lw=0
    )
    axes.plot(
        middles,
        [each.median for each in spreads],
        color=style.colour,
        marker=style.marker,
        linestyle=style.line,
        markersize=4,
        linewidth=1.5,
        label=subject,
    )


def _stages(above: Axes, below: Axes, stage_s: float) -> None:
    """Mark where the processors change, and write above what they do."""
    for number, stage in enumerate(CONTEST):
        for axes in (above, below):
            axes.axvline(number * stage_s, color="#666666", linewidth=0.9, linestyle=":")
        above.annotate(
            f"default {_behaviour(stage.default)}\nfallback {_behaviour(stage.fallback)}",
            ((number + 0.5) * stage_s, 1),
            xytext=(0, 4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color="#444444",
        )


def _behaviour(setting: Setting) -> str:
    return f"{setting.delay_ms:g} ms{', fails' if setting.failing else ''}"
