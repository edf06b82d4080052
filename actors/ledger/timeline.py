"""The rows of one processor in the order of their instants, and sums over ranges of them without a scan."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from actors.values import Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.packed.column import Column

BLOCK_ROWS = 256
"""Rows of a block that is filled in order. A sum adds up at most half a block at either end of its range."""


class Timeline:
    """Row numbers sorted by instant, in blocks of some hundreds, each with its sum.

    Most rows arrive nearly in order and end up in the last block or the one before. Wherever one belongs (the clock may
    have been set back), entering it moves the numbers of one block only.

    Args:
        instants_ms: the instant of each row, those of other timelines' rows among them.
        amounts_cents: the amount of each row, counted from 0.
        block_rows: rows of a block that is filled in order.
    """

    def __init__(self, instants_ms: Column, amounts_cents: Column, block_rows: int = BLOCK_ROWS) -> None:
        self._block_rows = block_rows
        self._instants = instants_ms
        self._amounts = amounts_cents
        self._blocks: list[array[int]] = []
        self._firsts: list[int] = []
        """The least instant of each block."""
        self._cents: list[int] = []
        """The sum of each block."""
        self.last_ms = 0
        """The greatest instant of all; 0 without rows."""
        # How many rows, and how many cents, are in all blocks before each; as far as they are known.
        self._rows_before, self._cents_before = [0], [0]

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def add(self, row: int, instant_ms: int, amount_cents: int) -> None:
        """Enter a row, whose values the columns have by the time of the next call."""
        if not self._blocks or instant_ms >= self.last_ms:
            if not self._blocks or len(self._blocks[-1]) >= self._block_rows:
                self._blocks.append(array("I"))
                self._firsts.append(instant_ms)
                self._cents.append(0)
            self._blocks[-1].append(row)
            self._cents[-1] += amount_cents
            self.last_ms = instant_ms
            return
        number = self._block_of(instant_ms)
        if len(self._blocks[number]) >= 2 * self._block_rows:
            self._split(number)
            number = self._block_of(instant_ms)
        block, instants = self._blocks[number], self._instants
        at = bisect_right(block, instant_ms - instants.base, key=instants.values.__getitem__)
        block.insert(at, row)
        self._cents[number] += amount_cents
        self._firsts[number] = min(self._firsts[number], instant_ms)
        self._forget_sums(number)

    def extend(self, rows: Sequence[int]) -> None:
        """Enter many rows, whose values the columns have; mostly they are later than all before."""
        instants, amounts = self._instants, self._amounts
        ordered = array("I", sorted(rows, key=instants.values.__getitem__))
        one_by_one = 0
        if self._blocks:
            late = bisect_left(ordered, self.last_ms - instants.base, key=instants.values.__getitem__)
            one_by_one = late + max(0, self._block_rows - len(self._blocks[-1]))
        for row in ordered[:one_by_one]:
            self.add(row, instants[row], amounts[row])
        for start in range(one_by_one, len(ordered), self._block_rows):
            block = ordered[start : start + self._block_rows]
            self._blocks.append(block)
            self._firsts.append(instants[block[0]])
            self._cents.append(self._sum(block))
            self.last_ms = instants[block[-1]]

    def totals(self, from_ms: int | None, to_ms: int | None) -> Totals:
        """Count and sum what lies in the range, both ends inclusive; None leaves an end open."""
        if not self._blocks:
            return Totals(0, 0)
        rows_before, cents_before = (0, 0) if from_ms is None else self._before(from_ms)
        rows, cents = self._before(self.last_ms + 1 if to_ms is None else to_ms + 1)
        return Totals(rows - rows_before, cents - cents_before) if rows > rows_before else Totals(0, 0)

    def _before(self, instant_ms: int) -> tuple[int, int]:
        """How many rows are earlier than an instant, and how many cents."""
        number = bisect_left(self._firsts, instant_ms) - 1
        if number < 0:
            return 0, 0
        rows_before, cents_before = self._rows_before, self._cents_before
        for known in range(len(rows_before) - 1, number):
            rows_before.append(rows_before[known] + len(self._blocks[known]))
            cents_before.append(cents_before[known] + self._cents[known])
        block, instants = self._blocks[number], self._instants
        rows = bisect_left(block, instant_ms - instants.base, key=instants.values.__getitem__)
        nearer = self._sum(block[:rows]) if 2 * rows <= len(block) else self._cents[number] - self._sum(block[rows:])
        return rows_before[number] + rows, cents_before[number] + nearer

    def _block_of(self, instant_ms: int) -> int:
        return max(0, bisect_right(self._firsts, instant_ms) - 1)

    def _sum(self, rows: array[int]) -> int:
        return sum(map(self._amounts.values.__getitem__, rows))

    def _forget_sums(self, number: int) -> None:
        """What is before the blocks after this one isn't known any more."""
        del self._rows_before[number + 1 :], self._cents_before[number + 1 :]

    def _split(self, number: int) -> None:
        block = self._blocks[number]
        halves = block[: len(block) // 2], block[len(block) // 2 :]
        self._blocks[number : number + 1] = halves
        self._firsts.insert(number + 1, self._instants[halves[1][0]])
        self._cents[number : number + 1] = map(self._sum, halves)
        self._forget_sums(number)
