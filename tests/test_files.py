"""Small files between processes: whole or not there, and believed only from the right hands."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from rinha.files import read_guarded, write_whole

if TYPE_CHECKING:
    from pathlib import Path

OTHERS = 0o077


@pytest.mark.parametrize("replace", [True, False])
def test_what_is_written_is_there_with_its_rights_and_nothing_beside_it(tmp_path: Path, replace: bool) -> None:
    path = tmp_path / "file"
    write_whole(path, b"content", mode=0o400, replace=replace)
    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_that_is_there_is_replaced_if_told_and_else_left(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"first")
    with pytest.raises(FileExistsError):
        write_whole(path, b"second", mode=0o600, replace=False)
    assert path.read_bytes() == b"first"
    write_whole(path, b"third", mode=0o600, replace=True)
    assert path.read_bytes() == b"third"
    assert os.listdir(tmp_path) == ["file"]


def test_a_name_appears_with_its_content_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the moment before it appears, all of it is written under another name."""
    seen = []
    link = os.link

    def watched(unfinished: Path, path: Path) -> None:
        seen.append((path.exists(), unfinished.read_bytes()))
        link(unfinished, path)

    monkeypatch.setattr("rinha.files.os.link", watched)
    write_whole(tmp_path / "file", b"content", mode=0o400, replace=False)
    assert seen == [(False, b"content")]


def test_what_may_be_believed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"content", mode=0o600, replace=True)
    assert read_guarded(path, max_bytes=7, forbidden=OTHERS, owner=os.geteuid()) == b"content"


@pytest.mark.parametrize(
    ("mode", "max_bytes", "owner", "reason"),
    [
        (0o640, 7, 0, r"is too open to others \(mode 0640\)"),
        (0o600, 6, 0, "has more than 6 bytes"),
        (0o600, 7, 1, "belongs to another user"),
    ],
)
def test_what_must_not_be_believed_is_refused(
    tmp_path: Path, mode: int, max_bytes: int, owner: int, reason: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    path.chmod(mode)
    with pytest.raises(ValueError, match=reason):
        read_guarded(path, max_bytes=max_bytes, forbidden=OTHERS, owner=os.geteuid() + owner)


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises((ValueError, IsADirectoryError)):
            read_guarded(path, max_bytes=7, forbidden=0)
