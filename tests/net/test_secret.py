"""The bridge's secret, given or in a file."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from rinha.net.secret import FixedSecret, SecretFile, new_secret

if TYPE_CHECKING:
    from pathlib import Path


def test_a_secret_that_is_given_stays_and_never_shows() -> None:
    secret = FixedSecret(b"s3cret")
    secret.make()
    assert secret.read() == b"s3cret"
    assert "s3cret" not in f"{secret} {secret!r}"
    assert repr(FixedSecret()) == "not set"


def test_a_secret_is_made_once_and_for_the_user_alone(tmp_path: Path) -> None:
    file = SecretFile(tmp_path / "secret")
    with pytest.raises(FileNotFoundError):
        file.read()
    file.make()
    made = file.read()
    assert len(bytes.fromhex(made.decode())) == 32
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o400
    file.make()
    assert file.read() == made
    assert made.decode() not in f"{file} {file!r}"


def test_every_secret_is_another_one() -> None:
    assert new_secret() != new_secret()


def test_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = SecretFile(tmp_path / "secret")
    file.path.write_bytes(b"  one of sixteen bytes\n")
    assert file.read() == b"one of sixteen bytes"
    file.path.write_bytes(b"the next, as long")
    assert file.read() == b"the next, as long"


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (b" \n", 0o400, "is empty"),
        (b"\xff", 0o400, "is no UTF-8 text"),
        (b"x" * 5000, 0o400, "has more than 4096 bytes"),
        (b" " + b"x" * 15 + b"\n", 0o400, "has fewer than 16 bytes"),
        (b"s3cret", 0o620, "is too open to others"),
        (b"s3cret", 0o602, "is too open to others"),
    ],
)
def test_a_file_that_holds_none_or_that_others_may_write_is_refused(
    tmp_path: Path, content: bytes, mode: int, reason: str
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(ValueError, match=reason):
        SecretFile(path).read()


def test_a_file_that_others_may_read_is_fine(tmp_path: Path) -> None:
    """So engines mount the secrets that they are given."""
    path = tmp_path / "secret"
    path.write_bytes(b"x" * 16)
    path.chmod(0o444)
    assert SecretFile(path).read() == b"x" * 16
