from __future__ import annotations

from pathlib import Path

from rinha.settings.render import effective_rows, markdown_table
from rinha.settings.rows import VARIABLES


def test_effective_rows_tell_defaults_from_the_environment() -> None:
    rows = {name: (value, origin) for name, value, origin, _ in effective_rows({"RINHA_PORT": "80"})}
    assert list(rows) == [variable.name for variable in VARIABLES]
    assert rows["RINHA_PORT"] == ("80", "environment")
    assert rows["RINHA_HOST"] == ("0.0.0.0", "default")
    assert rows["RINHA_BRIDGE_SECRET"] == ("not set", "default")


def test_the_markdown_table_has_a_row_per_variable() -> None:
    lines = markdown_table().splitlines()
    assert len(lines) == 2 + len(VARIABLES)
    assert "| `RINHA_PORT` | `9999` | port that the HTTP APIs listen on; 0 takes a free one |" in lines


def test_the_readme_shows_that_table() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    shown = readme.partition("<!-- settings -->\n")[2].partition("<!-- /settings -->")[0]
    assert shown.strip() == markdown_table().strip()
