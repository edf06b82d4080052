"""Many integers side by side: 4 bytes each for as long as they fit, 8 once one doesn't."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Column:
    """A growing row of integers of up to 64 bits.

    Args:
        base: what the small ones are counted from: they may be ``base`` to ``base + 2**32 - 1``.
    """

    __slots__ = ("base", "values")

    def __init__(self, base: int = 0) -> None:
        self.base = base
        """What to add to each of ``values``; 0 once it is wide."""
        self.values = array("I")
        """For whoever reads many; replaced by another array when it becomes wide."""

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, row: int) -> int:
        """The integer at an index.

        Raises:
            IndexError: there is none.
        """
        return self.values[row] + self.base

    def __iter__(self) -> Iterator[int]:
        base = self.base
        return (each + base for each in self.values)

    def append(self, value: int) -> None:
        """Add an integer.

        Raises:
            OverflowError: it has more than 64 bits; nothing is added.
        """
        try:
            self.values.append(value - self.base)
        except OverflowError:
            self._widen()
            self.values.append(value)

    def extend(self, values: Sequence[int]) -> None:
        """Add many integers.

        Raises:
            OverflowError: one has more than 64 bits; nothing is added.
        """
        base = self.base
        try:
            # An array first: one that is extended from a list keeps what came before the value that doesn't fit.
            more = array(self.values.typecode, [each - base for each in values] if base else values)
        except OverflowError:
            self._widen()
            more = array("q", values)
        self.values.extend(more)

    def _widen(self) -> None:
        self.values, self.base = array("q", self), 0
