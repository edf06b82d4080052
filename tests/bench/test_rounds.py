from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.made_rounds import made_floor, made_round
from tests.bench.rounds import RoundsError, read_rounds, write

if TYPE_CHECKING:
    from pathlib import Path


def test_rounds_are_read_as_they_were_written_by_their_start(tmp_path: Path) -> None:
    late = made_round(started_at="2026-11-22T11:00:00.250Z", differences=["one payment is missing: …"])
    early = made_floor(started_at="2026-11-22T10:59:00+00:00", score=None)
    directory = tmp_path / "not" / "there"
    assert [write(directory, each).name for each in (late, early)] == ["queued-01.json", "floor-01.json"]
    assert read_rounds(directory) == [early, late]


def test_a_round_takes_the_place_of_the_one_with_its_number(tmp_path: Path) -> None:
    write(tmp_path, made_round(lag=5))
    write(tmp_path, made_round(lag=6))
    assert [each.lag for each in read_rounds(tmp_path)] == [6]


def test_other_files_are_let_be(tmp_path: Path) -> None:
    write(tmp_path, made_round())
    (tmp_path / "report.md").write_text("no round")
    assert len(read_rounds(tmp_path)) == 1


@pytest.mark.parametrize(
    "old, new",
    [
        ('"lag": 0,', ""),
        ('"lag": 0', '"lag": "none"'),
        ('"seconds": 60', '"seconds": 0'),
        ('"sent": 1000', '"sent": -1'),
        ('"2026-11-22T10:01:00Z"', '"yesterday"'),
        ('"2026-11-22T10:01:00Z"', '"2026-11-22T10:01:00+02:00"'),
        ('"queued"', '"../queued"'),
        ("}", ""),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, old: str, new: str) -> None:
    write(tmp_path, made_floor())
    broken = write(tmp_path, made_round())
    text = broken.read_text()
    assert old in text
    broken.write_text(text.replace(old, new, 1))
    with pytest.raises(RoundsError, match=r"queued-01\.json: not a round: ") as caught:
        read_rounds(tmp_path)
    assert caught.value.path == broken


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]"])
def test_so_is_one_without_a_round(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "empty.json").write_bytes(content)
    with pytest.raises(RoundsError, match=r"empty\.json: not a round"):
        read_rounds(tmp_path)


def test_the_same_round_twice_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, made_round())
    (tmp_path / "queued-copy.json").write_bytes(path.read_bytes())
    with pytest.raises(RoundsError, match=r"queued-copy\.json: a second round 1 of queued"):
        read_rounds(tmp_path)


def test_different_loads_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, made_floor())
    write(tmp_path, made_round(users=100))
    with pytest.raises(RoundsError, match=r"queued-01\.json: 100 users in 60 s don't compare with 550 users in 60 s"):
        read_rounds(tmp_path)


@pytest.mark.parametrize("name", ["", "missing"])
def test_a_directory_without_rounds_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(RoundsError, match="no rounds"):
        read_rounds(tmp_path / name)
