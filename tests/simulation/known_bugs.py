"""Bugs that the simulation has found and that are not mended yet: what they do, so that others aren't taken for them.

An entry is deleted together with its bug. The checker itself knows nothing of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.run import Result

KNOWN_BUGS: dict[str, Callable[[Result, str], bool]] = {}
"""By what is wrong: whether it explains a violation of a run."""


def known_bug(result: Result, violation: str) -> str | None:
    """The known bug that explains a violation, if one does."""
    return next((name for name, explains in KNOWN_BUGS.items() if explains(result, violation)), None)


def unexplained(result: Result) -> list[str]:
    """The violations that no known bug explains."""
    return [each for each in result.violations if known_bug(result, each) is None]
