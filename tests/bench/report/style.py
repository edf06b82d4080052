"""How plots look: colours, axes, and the file that they become."""

from __future__ import annotations

import io
import itertools
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib.style
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from tests.bench.report.samples import LOCAL, SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

SETTINGS: dict[str, Any] = {
    "svg.hashsalt": "rinha",  # the same rounds make the same file
    "svg.fonttype": "none",  # text stays text: small, and can be searched
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],  # drawn with what the reader has
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}

WIDTH_IN = 10

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE, GREY = (
    "#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999999",
)  # fmt: skip
"""Okabe and Ito's palette, which the colour-blind can tell apart, and a grey."""


class Look(NamedTuple):
    """How a subject is drawn, the same in every plot and report; ``marker`` and ``line`` tell what colours don't."""

    colour: str
    marker: str
    line: str


LOOKS = dict(zip(SUBJECTS, zip((BLACK, BLUE, ORANGE, GREEN, PURPLE, VERMILION), "os^Dvp", strict=True), strict=True))
OTHERS = tuple(itertools.product((SKY, YELLOW, GREY), "Xph*"))
"""Of peers and variants, by their names: one keeps its look whatever stands beside it."""

SERVICE_COLOURS = (BLUE, SKY, GREEN, ORANGE, PURPLE, YELLOW, VERMILION, BLACK)
"""By the order in which services are met; neighbours in a bar differ in brightness."""


def look(subject: str) -> Look:
    """How a subject is drawn; dashed if it was measured without containers."""
    name = subject.removeprefix(LOCAL)
    colour, marker = LOOKS.get(name) or OTHERS[zlib.crc32(name.encode()) % len(OTHERS)]
    return Look(colour, marker, "--" if subject.startswith(LOCAL) else "-")


def log_ms(axis: Axis) -> None:
    """Make an axis one of milliseconds, logarithmic, with plain numbers, close enough for a narrow range."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def svg(draw: Callable[[], Figure], title: str) -> bytes:
    """Draw a plot.

    Args:
        draw: makes it, under this module's settings alone, whatever those of the user are.
        title: is written above it.

    Returns:
        An SVG file; the same for the same figures.
    """
    with matplotlib.style.context(SETTINGS, after_reset=True):
        file = io.BytesIO()
        figure = draw()
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        return file.getvalue()
