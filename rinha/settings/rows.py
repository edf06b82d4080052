"""The table of settings row by row, as it is read and shown."""

from __future__ import annotations

from typing import Any, NamedTuple, get_args, get_type_hints

from rinha.settings.processors import PROCESSORS, ProcessorSettings
from rinha.settings.table import Settings
from rinha.settings.variable import Variable


class Row(NamedTuple):
    """One row of the table.

    Args:
        variable: what stands in the environment.
        kind: the annotation that says how to read it.
        field: the field of ``Settings`` that it is alone, None if it is a part of one.
    """

    variable: Variable
    kind: Any
    field: str | None


def _rows() -> tuple[Row, ...]:
    rows = []
    of_processors = get_type_hints(ProcessorSettings, include_extras=True)
    for name, kind in get_type_hints(Settings, include_extras=True).items():
        if name == "processors":
            for part in ("url", "fee_bps"):
                rows += [Row(getattr(each, part), of_processors[part], None) for each in PROCESSORS]
        rows += [Row(note, kind, name) for note in get_args(kind) if isinstance(note, Variable)]
    return tuple(rows)


ROWS = _rows()
"""In the order in which people see them."""

VARIABLES = tuple(row.variable for row in ROWS)
