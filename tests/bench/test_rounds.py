from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench.made_rounds import made_floor, made_round
from tests.bench.rounds import FILE_NAME, RoundsError, append, read_rounds

if TYPE_CHECKING:
    from pathlib import Path


def test_rounds_are_read_as_they_were_appended_by_their_start(tmp_path: Path) -> None:
    late = made_round(started_at="2026-11-22T11:00:00.250Z", differences=["one payment is missing: …"])
    early = made_floor(started_at="2026-11-22T10:59:00+00:00", score=None)
    directory = tmp_path / "not" / "there"
    assert {append(directory, each) for each in (late, early)} == {directory / FILE_NAME}
    assert read_rounds(directory) == [early, late]


def test_a_round_is_one_line_and_earlier_lines_are_let_be(tmp_path: Path) -> None:
    path = append(tmp_path, made_floor())
    before = path.read_bytes()
    append(tmp_path, made_round(differences=["two\nlines"]))
    assert path.read_bytes().startswith(before)
    assert len(path.read_bytes().splitlines()) == 2


def test_a_round_takes_the_place_of_the_one_with_its_number(tmp_path: Path) -> None:
    for lag in (5, 6):
        append(tmp_path, made_round(lag=lag))
    assert [each.lag for each in read_rounds(tmp_path)] == [6]


@pytest.mark.parametrize(
    "old, new",
    [
        ('"lag":0,', ""),
        ('"lag":0', '"lag":"none"'),
        ('"seconds":60', '"seconds":0'),
        ('"sent":1000', '"sent":-1'),
        ('"2026-11-22T10:01:00Z"', '"yesterday"'),
        ('"2026-11-22T10:01:00Z"', '"2026-11-22T10:01:00+02:00"'),
        ('"queued"', '"../queued"'),
        ("}", ""),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, old: str, new: str) -> None:
    path = append(tmp_path, made_floor())
    before = path.read_text()
    append(tmp_path, made_round())
    line = path.read_text().removeprefix(before)
    assert old in line
    path.write_text(before + line.replace(old, new, 1))
    with pytest.raises(RoundsError, match=r"rounds\.jsonl:2: not a round: ") as caught:
        read_rounds(tmp_path)
    assert (caught.value.path, caught.value.line) == (path, 2)


@pytest.mark.parametrize("content", [b"\n", b"\xff\xfe", b"[]"])
def test_so_is_one_without_a_round(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(RoundsError, match=r"rounds\.jsonl:1: not a round"):
        read_rounds(tmp_path)


def test_different_loads_are_an_error(tmp_path: Path) -> None:
    append(tmp_path, made_floor())
    append(tmp_path, made_round(users=100))
    with pytest.raises(RoundsError, match=r"jsonl:2: 100 users in 60 s don't compare with 550 users in 60 s"):
        read_rounds(tmp_path)


def test_so_are_different_scripts(tmp_path: Path) -> None:
    append(tmp_path, made_floor(script="contest.js"))
    append(tmp_path, made_round(script="official"))
    with pytest.raises(
        RoundsError, match=r"jsonl:2: 550 users in 60 s by official don't compare with .* by contest\.js"
    ):
        read_rounds(tmp_path)


def test_only_rounds_that_count_have_to_compare(tmp_path: Path) -> None:
    append(tmp_path, made_round(users=100))
    append(tmp_path, made_round())
    append(tmp_path, made_floor())
    assert len(read_rounds(tmp_path)) == 2
    append(tmp_path, made_round(users=100))
    with pytest.raises(RoundsError, match="don't compare"):
        read_rounds(tmp_path)


@pytest.mark.parametrize("name", ["", "missing"])
def test_a_directory_without_rounds_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(RoundsError, match=r"rounds\.jsonl: no rounds"):
        read_rounds(tmp_path / name)


def test_a_file_without_rounds_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()
    with pytest.raises(RoundsError, match=r"rounds\.jsonl: no rounds"):
        read_rounds(tmp_path)
