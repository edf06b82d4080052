"""Where in the order of settling an index of the books lies, remembered from pages that were read."""

from __future__ import annotations

KEPT = 64
"""Marks: so many readers may page at the same time, each from where it stopped."""


class Marks:
    """What is remembered of one epoch. The number that a journal gives a settled payment rises, but with gaps."""

    def __init__(self) -> None:
        self._epoch = -1
        self._marks: dict[int, int] = {}

    def nearest(self, epoch: int, start: int) -> tuple[int | None, int]:
        """Where to begin for the row at an index.

        Args:
            epoch: whose rows; if it is another one than before, nothing is remembered.
            start: the row's index.

        Returns:
            After which number, None for the epoch's first row; and how many rows to skip from there.
        """
        if epoch != self._epoch:
            self._epoch, self._marks = epoch, {}
        index = max((each for each in self._marks if each <= start), default=None)
        return (None, start) if index is None else (self._marks[index], start - index)

    def note(self, index: int, number: int) -> None:
        """Remember that the row at ``index`` is the first after this number."""
        self._marks.pop(index, None)
        self._marks[index] = number
        if len(self._marks) > KEPT:
            del self._marks[next(iter(self._marks))]
