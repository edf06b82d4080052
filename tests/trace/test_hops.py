"""The table of hops: it holds together, and the documentation has the same."""

from __future__ import annotations

from pathlib import Path

from actors.tracing import HOPS, NotRecording

ROOT = Path(__file__).parents[2]


def documented() -> dict[str, tuple[str, ...]]:
    """The rows of the table in the documentation, without its fields."""
    text = (ROOT / "docs" / "tracing.md").read_text()
    table = text.partition("\n## Hops\n")[2].partition("\n## ")[0]
    rows = [
        tuple(cell.strip().strip("`") for cell in line.strip("| ").split(" | "))
        for line in table.replace("| |", "|  |").splitlines()
        if line.startswith("| `")
    ]
    return {row[0]: (*row[:3], row[-1]) for row in rows}


def test_each_is_documented_as_it_is() -> None:
    assert documented() == {name: tuple(hop) for name, hop in HOPS.items()}


def test_each_has_a_cause_that_leads_back_to_the_payment() -> None:
    for hop in HOPS.values():
        seen = [hop.name]
        while (parent := HOPS[seen[-1]].parent) != "payment":
            assert parent not in seen
            seen.append(parent)


def test_each_is_noted_somewhere_and_nothing_else_is() -> None:
    sources = "".join(
        path.read_text()
        for room in ("actors", "rinha")
        for path in (ROOT / room).rglob("*.py")
        if "trace" not in str(path)
    )
    for name in HOPS:
        assert f'"{name}"' in sources, name


def test_who_records_nothing_is_not_to_be_told() -> None:
    nobody = NotRecording()
    assert not nobody.active
    nobody.note(bytes(16), "parked", nobody.now_ns())
    nobody.trace(bytes(16))
    assert not nobody.samples(bytes(16))
