"""A set of payment ids that numbers them in the order of their coming, in some 28 bytes each.

A dict of a million ids costs over 100 MB, and its growth stalls the process for as long as it takes to move them all.
Here the ids stand side by side in one byte array, and 256 small hash tables of row numbers, each for the ids that end
in one byte, grow one by one: a growth moves a 256th of the ids.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ID_BYTES = 16

_FIRST_SLOTS = 8


class IdIndex:
    """Maps ids of 16 bytes to the numbers 0, 1, 2, … in the order of their adding."""

    def __init__(self) -> None:
        self._ids = bytearray()
        # A slot holds a row's number plus one; 0 is empty. Their number is a power of two, at most two thirds are full.
        self._tables = [array("I", bytes(4 * _FIRST_SLOTS)) for _ in range(256)]
        self._counts = array("I", bytes(4 * 256))

    def __len__(self) -> int:
        return len(self._ids) // ID_BYTES

    def __getitem__(self, row: int) -> bytes:
        """The id with this number.

        Raises:
            IndexError: there is none.
        """
        if not 0 <= row < len(self):
            raise IndexError(row)
        return bytes(self._ids[row * ID_BYTES : (row + 1) * ID_BYTES])

    def find(self, payment_id: bytes) -> int:
        """The number of an id, -1 if it isn't here."""
        table = self._tables[payment_id[-1]]
        mask = len(table) - 1
        slot = hash(payment_id) & mask
        ids = self._ids
        while row := table[slot]:
            if ids[(row - 1) * ID_BYTES : row * ID_BYTES] == payment_id:
                return row - 1
            slot = (slot + 1) & mask
        return -1

    def add(self, payment_id: bytes) -> int:
        """Add an id that isn't here, which the caller has made sure of.

        Returns:
            Its number.

        Raises:
            ValueError: an id has 16 bytes; nothing has happened.
        """
        if len(payment_id) != ID_BYTES:
            raise ValueError(f"an id has {ID_BYTES} bytes, not {len(payment_id)}")
        part = payment_id[-1]
        table = self._tables[part]
        if 3 * (self._counts[part] + 1) > 2 * len(table):
            table = self._tables[part] = self._grown(table)
        self._ids += payment_id
        self._counts[part] += 1
        rows = len(self)
        _put(table, payment_id, rows)
        return rows - 1

    def extend(self, payment_ids: Sequence[bytes]) -> None:
        """Add many ids of 16 bytes, none of which is here or comes twice, far faster than one by one."""
        tables, counts = self._tables, self._counts
        rows = len(self)
        self._ids += b"".join(payment_ids)
        for row, payment_id in enumerate(payment_ids, rows + 1):
            part = payment_id[-1]
            table = tables[part]
            count = counts[part] = counts[part] + 1
            if 3 * count > 2 * len(table):
                table = tables[part] = self._grown(table, by=4)
            mask = len(table) - 1
            slot = hash(payment_id) & mask
            while table[slot]:
                slot = (slot + 1) & mask
            table[slot] = row

    def copy(self) -> IdIndex:
        """Another index with the same ids and numbers."""
        other = IdIndex()
        other._ids = self._ids[:]
        other._tables = [table[:] for table in self._tables]
        other._counts = self._counts[:]
        return other

    def _grown(self, table: array[int], *, by: int = 2) -> array[int]:
        larger = array("I", bytes(4 * by * len(table)))
        for row in table:
            if row:
                _put(larger, bytes(self._ids[(row - 1) * ID_BYTES : row * ID_BYTES]), row)
        return larger


def _put(table: array[int], payment_id: bytes, row: int) -> None:
    mask = len(table) - 1
    slot = hash(payment_id) & mask
    while table[slot]:
        slot = (slot + 1) & mask
    table[slot] = row
