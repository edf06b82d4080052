"""The table of settings as people see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.settings.rows import VARIABLES
from rinha.settings.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def effective_rows(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """List what is in effect: name, value, ``default`` or ``environment``, meaning. Secrets are masked."""
    for variable in VARIABLES:
        if text := environ.get(variable.name, ""):
            yield variable.name, MASK if variable.secret else text, "environment", variable.meaning
        else:
            yield variable.name, variable.default or variable.default_note, "default", variable.meaning


def markdown_table() -> str:
    """Render the table for the README."""
    lines = ["| variable | default | what it is |", "| --- | --- | --- |"]
    for variable in VARIABLES:
        default = f"`{variable.default}`" if variable.default else variable.default_note
        lines.append(f"| `{variable.name}` | {default} | {variable.meaning} |")
    return "\n".join(lines) + "\n"
