"""Reading trace lines out of logs, however many: a log may be larger than the memory, and end in a pipe."""

from __future__ import annotations

import os
import re
import tempfile
from itertools import groupby, pairwise
from struct import Struct
from typing import IO, TYPE_CHECKING, NamedTuple

from rinha.trace.reading.hop_line import (
    GAP_MARK,
    MARK,
    Gap,
    HopLine,
    Hops,
    by_payment,
    parse_gap,
    parse_key,
    parse_line,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEAST_DIGITS = 6
_DIGITS = re.compile(r"[0-9a-fA-F]{6,32}")

_PLACE = Struct(">16sQQI")
"""Payment, start, and where its line is: offset and length. Sorted as bytes, payment by payment, hops by start."""
_BLOCK_BYTES = 256 * 1024
_BLOCKS_MAX = 64
_GROUP = Struct(">QII")
"""First start of a payment, and which places are its own: the first, and how many."""


def parse_digits(text: str) -> str:
    """Read a payment's id, or its beginning.

    Args:
        text: 6 to 32 hexadecimal digits, hyphens anywhere.

    Returns:
        The digits in lower case.

    Raises:
        ValueError: it isn't such a text.
    """
    digits = text.replace("-", "")
    if not _DIGITS.fullmatch(digits):
        raise ValueError(f"an id has 32 hexadecimal digits, and its first {LEAST_DIGITS} are the least to name it by")
    return digits.lower()


def hyphenated(digits: str) -> str:
    """An id's first digits as they stand in lines: ``4a7901b87`` is ``4a7901b8-7``."""
    starts = (0, 8, 12, 16, 20, 32)
    parts = (digits[start:end] for start, end in pairwise(starts))
    return "-".join(part for part in parts if part)


class Found(NamedTuple):
    """What lines tell of the payments that were asked for."""

    payments: list[Hops]
    gaps: list[Gap]


def find(file: Iterable[bytes], digits: str) -> Found:
    """Find the payments whose id begins so. Only lines that hold these digits are parsed.

    Args:
        file: lines, trace lines among others.
        digits: of the id, at least its first 6.
    """
    beginning = hyphenated(digits)
    needle = beginning.encode()
    hops, gaps = [], []
    for line in file:
        if needle in line:
            if (hop := parse_line(line)) and hop.correlation_id.startswith(beginning):
                hops.append(hop)
        elif GAP_MARK in line and (gap := parse_gap(line)):
            gaps.append(gap)
    return Found(by_payment(hops), gaps)


class LineIndex:
    """All trace lines of a file, payment by payment.

    It holds 36 bytes a line, and reads a payment's lines when they are asked for: from the file, or, if that is a pipe,
    from a copy of its trace lines in an unnamed file on disk. They are near those of the payment before, so some blocks
    are kept, and not each line costs a call of the system.

    Args:
        file: where the lines are, at its beginning.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.gaps: list[Gap] = []
        self._file = file if file.seekable() else tempfile.TemporaryFile()  # noqa: SIM115  # closed in ``close``
        self._is_copy = self._file is not file
        self._fd = self._file.fileno()
        self._blocks: dict[int, bytes] = {}
        self._places = sorted(self._read(file))
        self._groups = sorted(self._grouped())

    def __len__(self) -> int:
        """How many payments there are."""
        return len(self._groups)

    def __iter__(self) -> Iterator[Hops]:
        """The payments, by the start of their first hop."""
        for group in self._groups:
            _, first, count = _GROUP.unpack(group)
            places = self._places[first : first + count]
            lines = [line for each in places if (line := self._line(each))]
            if lines:
                yield Hops(places[0][:16], lines)

    def close(self) -> None:
        """Let go of the copy, if there is one; the file itself is the caller's."""
        if self._is_copy:
            self._file.close()

    def _read(self, file: IO[bytes]) -> Iterator[bytes]:
        offset = 0 if self._is_copy else file.tell()
        for line in file:
            key = parse_key(line) if MARK in line else None
            if key:
                yield _PLACE.pack(*key, offset, len(line))
            elif GAP_MARK in line and (gap := parse_gap(line)):
                self.gaps.append(gap)
            if key and self._is_copy:
                self._file.write(line)
            if key or not self._is_copy:
                offset += len(line)
        self._file.flush()

    def _grouped(self) -> Iterator[bytes]:
        first = 0
        for _, places in groupby(self._places, key=lambda place: place[:16]):
            starts = [place[16:24] for place in places]
            yield _GROUP.pack(int.from_bytes(starts[0]), first, len(starts))
            first += len(starts)

    def _line(self, place: bytes) -> HopLine | None:
        _, _, offset, length = _PLACE.unpack(place)
        number, start = divmod(offset, _BLOCK_BYTES)
        block = self._blocks.get(number)
        if block is None:
            if len(self._blocks) == _BLOCKS_MAX:
                del self._blocks[next(iter(self._blocks))]
            # Not a map of the file: one that is cut short meanwhile would end the process.
            block = self._blocks[number] = os.pread(self._fd, _BLOCK_BYTES, number * _BLOCK_BYTES)
        end = start + length
        return parse_line(block[start:end] if end <= _BLOCK_BYTES else os.pread(self._fd, length, offset))
