"""Where the mutants of one part are entered: deliberate bugs in the real code, made by replacing a method or two."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Make = Callable[[pytest.MonkeyPatch], None]


class Mutant(NamedTuple):
    """A bug.

    Args:
        make: makes it.
        levels: where it matters.
    """

    make: Make
    levels: tuple[str, ...]


class Mutants(dict[str, Mutant]):
    """The mutants of a part by what they do."""

    def at(self, *levels: str) -> Callable[[Make], Make]:
        """Enter a mutant by its function's name."""

        def enter(make: Make) -> Make:
            self[make.__name__.replace("_", " ")] = Mutant(make, levels)
            return make

        return enter
