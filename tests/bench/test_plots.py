from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from tests.bench.made_rounds import made_floor, made_round, made_slice
from tests.bench.report.__main__ import main
from tests.bench.rounds import append

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.rounds import Round

TEXT = "{http://www.w3.org/2000/svg}text"


def plots(directory: Path, rounds: Sequence[Round]) -> dict[str, bytes]:
    """The plots that the report of these rounds shows, by file name."""
    for each in rounds:
        append(directory, each)
    assert main([str(directory)]) == 0
    files = {path.name: path.read_bytes() for path in directory.glob("*.svg")}
    report = (directory / "report.md").read_text()
    assert {name for name in files if f"]({name})" in report} == set(files)
    return files


def words(svg: bytes) -> set[str]:
    """All that is written in a plot."""
    return {"".join(each.itertext()).strip() for each in ElementTree.fromstring(svg).iter(TEXT)}


def test_plots_say_what_they_show_in_words(tmp_path: Path) -> None:
    rounds = [each for number in (1, 2, 3) for each in (made_floor(number), made_round(number=number))]
    drawn = plots(tmp_path, rounds)
    assert set(drawn) == {"slices.svg", "rounds.svg", "cpu.svg"}
    assert {"floor", "queued", "p99 of a slice, ms (log scale)", "fallback 5000 ms"} <= words(drawn["slices.svg"])
    assert {"floor", "queued", "p99 of a round, ms (log scale)"} <= words(drawn["rounds.svg"])
    assert {"floor", "queued", "haproxy", "payment-worker", "0.080", "0.580"} <= words(drawn["cpu.svg"])


def test_the_same_rounds_make_the_same_files(tmp_path: Path) -> None:
    rounds = [made_floor(), made_round(), made_round("local-queued"), made_round("unheard-of")]
    assert plots(tmp_path / "once", rounds) == plots(tmp_path / "again", rounds)


def test_the_files_stay_small(tmp_path: Path) -> None:
    names = ("floor", "queued", "received", "durable", "fastest", "base")
    drawn = plots(tmp_path, [made_round(name, number) for name in names for number in range(1, 11)])
    assert max(map(len, drawn.values())) < 100_000


def test_what_was_not_measured_is_not_drawn_and_an_earlier_plot_of_it_removed(tmp_path: Path) -> None:
    plots(tmp_path, [made_round()])
    nothing = made_round(accepted=0, refused=1000, slices=[made_slice(0, 1, count=0)])
    assert set(plots(tmp_path, [nothing])) == {"rounds.svg"}
