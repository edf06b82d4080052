"""What text is drawn on: a terminal of some width and with colours, or a pipe."""

from __future__ import annotations

import os
import re
import textwrap
from typing import TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
_FIGURE = re.compile(r"|-|now|(?:in )?[\d.,]+(?: .*|%)?")
_LEAST_WORDS = 30
"""A column of words that is narrower is no help."""
_GAP = "  "


class Terminal(NamedTuple):
    """How to draw.

    Args:
        width: columns; 0 for lines as long as they are.
        colours: whether to use them.
    """

    width: int = 0
    colours: bool = False

    def paint(self, text: str, colour: str) -> str:
        """Text in ``bold``, ``dim``, ``red``, ``green`` or ``yellow``; as it is without colours, or for no colour."""
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.colours and colour in _CODES else text

    def field(self, name: str, text: str, *, indent: int = 12) -> Iterator[str]:
        """A name, and beside it what is said under it, broken at the width."""
        first, *rest = self._broken(text, self.width - indent) or [""]
        yield f"{self.paint(name.ljust(indent - 2), 'dim')}{_GAP}{first}"
        yield from (f"{' ' * indent}{line}" for line in rest)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
        """Columns below a header, figures to the right. The last column holds words, which are broken at the width;
        where that leaves little, they stand below their row, or the last of some that have the same.
        """
        columns = list(zip(header, *rows, strict=True))[:-1]
        widths = [max(map(_seen, cells)) for cells in columns]
        right = [all(_FIGURE.fullmatch(_plain(cell)) for cell in cells[1:]) for cells in columns]
        indent = sum(widths) + len(_GAP) * len(widths)
        is_narrow = 0 < self.width < indent + _LEAST_WORDS
        yield self.paint(_row(header[: len(widths) if is_narrow else None], widths, right), "dim")
        for row, below in zip(rows, (*rows[1:], None), strict=True):
            words = self._broken(row[-1], self.width - (4 if is_narrow else indent))
            yield _row((*row[:-1], "" if is_narrow or not words else words.pop(0)), widths, right)
            if not (is_narrow and below and below[-1] == row[-1]):
                yield from (f"{' ' * (4 if is_narrow else indent)}{each}" for each in words)

    def _broken(self, text: str, width: int) -> list[str]:
        words = " ".join(text.split())
        if not self.width:
            return [words] if words else []
        return textwrap.wrap(words, max(width, _LEAST_WORDS), break_on_hyphens=False)


def terminal_of(stream: TextIO, environ: Mapping[str, str]) -> Terminal:
    """How to draw on a stream: colours on a terminal alone, unless ``NO_COLOR`` is set; ``COLUMNS`` is the width.

    Args:
        stream: where the text goes.
        environ: the environment.
    """
    is_terminal = stream.isatty()
    columns = environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit():
        width = int(columns)
    else:
        width = os.get_terminal_size(stream.fileno()).columns if is_terminal else 0
    colours = is_terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return Terminal(width, colours)


def printable(value: object) -> object:
    """JSON without characters that would steer a terminal: processors write some of it."""
    if isinstance(value, str):
        return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in value)
    if isinstance(value, dict):
        return {name: printable(each) for name, each in value.items()}
    return [printable(each) for each in value] if isinstance(value, list) else value


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    columns = len(widths)
    padded = [_padded(*each) for each in zip(cells[:columns], widths, right, strict=True)]
    return _GAP.join((*padded, *cells[columns:])).rstrip()


def _padded(cell: str, width: int, to_right: bool) -> str:
    blanks = " " * (width - _seen(cell))
    return f"{blanks}{cell}" if to_right else f"{cell}{blanks}"


def _plain(text: str) -> str:
    return _ESCAPE.sub("", text)


def _seen(text: str) -> int:
    return len(_plain(text))
