"""One measured figure: several runs, and the goal that their median is held against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Figure:
    """What was measured.

    Args:
        name: what it is of.
        unit: of the runs and the goal.
        runs: one value per run.
        goal: what the median should reach; None where there is no goal, and the figure only explains another one.
        more_is_better: whether the goal is a least value rather than a most.
    """

    name: str
    unit: str
    runs: Sequence[float]
    goal: float | None = None
    more_is_better: bool = False

    @property
    def median(self) -> float:
        return median(self.runs)

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the goal; None without one."""
        if self.goal is None:
            return None
        return self.median >= self.goal if self.more_is_better else self.median <= self.goal

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "goal": self.goal,
            "reached": self.reached,
            "median": self.median,
            "min": min(self.runs),
            "max": max(self.runs),
            "runs": list(self.runs),
        }

    def cells(self) -> tuple[str, ...]:
        """As a row of the table."""
        goal = "" if self.goal is None else f"{'≥' if self.more_is_better else '≤'} {_show(self.goal)}"
        verdict = {True: "reached", False: "missed", None: ""}[self.reached]
        spread = (_show(each) for each in (self.median, min(self.runs), max(self.runs)))
        return (self.name, self.unit, goal, *spread, verdict)


def joined(figures: Sequence[Figure], more: Sequence[Figure]) -> list[Figure]:
    """Further runs of some figures, behind those there are of the same name; others come last."""
    found = {each.name: each for each in figures}
    for each in more:
        known = found.get(each.name)
        found[each.name] = replace(each, runs=[*known.runs, *each.runs]) if known else each
    return list(found.values())


HEADINGS = ("figure", "unit", "goal", "median", "min", "max", "")


def table(figures: Sequence[Figure]) -> str:
    """All figures in columns: words to the left, numbers to the right."""
    rows = [HEADINGS, *(each.cells() for each in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number in {0, 1, len(widths) - 1} else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _show(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
