"""Secrets and tokens: which are taken, where they may stand, and that nobody sees them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rinha.net.secret import FixedSecret
from rinha.settings.load import load_settings
from rinha.settings.render import effective_rows
from rinha.settings.secret import Secret
from tests.settings.mistakes import errors_of

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cret, long enough"


@pytest.mark.parametrize("bridge", ["tcp://0.0.0.0:7000", "tcp://payment-worker:7000", "tcp://[::]:7000"])
def test_a_bridge_that_others_can_reach_needs_a_secret(bridge: str) -> None:
    (error,) = errors_of(RINHA_BRIDGE=bridge)
    assert error.startswith("RINHA_BRIDGE_SECRET: must be set (or RINHA_BRIDGE_SECRET_FILE)")
    assert bridge in error
    settings = load_settings({"RINHA_BRIDGE": bridge, "RINHA_BRIDGE_SECRET": SECRET})
    assert settings.bridge_secret == FixedSecret(SECRET.encode())


@pytest.mark.parametrize("bridge", ["tcp://127.0.0.1:7000", "tcp://localhost:7000", "tcp://[::1]:7000", "unix:/b"])
def test_a_local_bridge_needs_no_secret(bridge: str) -> None:
    assert load_settings({"RINHA_BRIDGE": bridge}).bridge_secret == FixedSecret()


def test_the_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    settings = load_settings({"RINHA_BRIDGE": "tcp://worker:7000", "RINHA_BRIDGE_SECRET_FILE": str(file)})
    assert settings.bridge_secret.read() == SECRET.encode()


def test_a_secret_file_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    settings = load_settings({"RINHA_BRIDGE": "tcp://worker:7000", "RINHA_BRIDGE_SECRET_FILE": str(file)})
    with pytest.raises(FileNotFoundError):
        settings.bridge_secret.read()
    settings.bridge_secret.make()
    assert settings.bridge_secret.read() == file.read_bytes().strip()


def test_a_secret_file_in_a_directory_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "no" / "secret"
    (error,) = errors_of(RINHA_BRIDGE_SECRET_FILE=str(file))
    assert error == f"RINHA_BRIDGE_SECRET_FILE={file}: there is no directory {tmp_path / 'no'}"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b" \n", "the file is empty"),
        (b"x" * 5000, "the file has more than 4096"),
        (b"x" * 15 + b"\n", "the file has fewer than 16 bytes"),
        (b"\xff", "the file is no UTF-8"),
        (b"a\nb", "one line"),
    ],
)
def test_a_secret_file_that_holds_none_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    (error,) = errors_of(RINHA_BRIDGE_SECRET_FILE=str(file))
    assert error.startswith(f"RINHA_BRIDGE_SECRET_FILE={file}: ")
    assert reason in error


def test_a_secret_of_unprintable_bytes_is_refused_unseen() -> None:
    (error,) = errors_of(RINHA_BRIDGE_SECRET="s3cret\udcff")
    assert error == "RINHA_BRIDGE_SECRET=********: must be one line of printable text"


@pytest.mark.parametrize(
    ("name", "short", "least"),
    [
        ("RINHA_BRIDGE_SECRET", "s3cret of 15 ch", "at least 16 bytes"),
        ("RINHA_ADMIN_TOKEN", "s3cret of 15 ch", "at least 16 characters"),
    ],
)
def test_what_can_be_guessed_is_refused_with_the_command_that_makes_another(name: str, short: str, least: str) -> None:
    (error,) = errors_of(**{name: short})
    assert error.startswith(f"{name}=********: must have {least}; make one: ")
    command = error.partition("make one: ")[2]
    made = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout
    load_settings({name: made.strip()})
    load_settings({name: f"{short}6"})


def test_a_secret_and_a_secret_file_are_one_too_many() -> None:
    (error,) = errors_of(RINHA_BRIDGE_SECRET=SECRET, RINHA_BRIDGE_SECRET_FILE="/secret")
    assert "RINHA_BRIDGE_SECRET is set as well" in error


def test_secrets_are_never_shown() -> None:
    environ = {"RINHA_BRIDGE_SECRET": SECRET, "RINHA_ADMIN_TOKEN": SECRET}
    settings = load_settings(environ)
    assert "s3cret" not in f"{settings!r} {settings} {settings.bridge_secret} {msgspec.structs.asdict(settings)}"
    assert "s3cret" not in str(list(effective_rows(environ)))
    assert "s3cret" not in repr(load_settings({"RINHA_STORE": "postgresql://me:s3cret@h/d"}))
    assert repr(Secret()) == "not set"


def test_errors_show_no_secret_either() -> None:
    errors = errors_of(
        RINHA_BRIDGE_SECERT="s3cret",
        RINHA_BRIDGE="tcp://me:s3cret@worker:7000",
        RINHA_HOST="me:s3cret@worker",
        RINHA_STORE="postgresql://me:s3cret@worker:port/d",
        PROCESSOR_DEFAULT_URL="http://me:s3/cret@one",
        PROCESSOR_FALLBACK_URL="me:s3cret@two",
    )
    assert len(errors) == 6
    assert not any(part in error for error in errors for part in ("s3cret", "s3/cret"))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="@"), max_size=12))
@example("80/")
@example("8001/path/")
@example("/")
def test_a_password_in_a_url_is_never_shown_whatever_it_holds(beginning: str) -> None:
    """A / in it ends the authority, and a ? or # the path: what is behind them is the password's still."""
    errors = errors_of(
        PROCESSOR_DEFAULT_URL=f"http://me:{beginning}s3cret@one:8080",
        PROCESSOR_FALLBACK_URL=f"http://me:{beginning}s3cret@one:8080",
        RINHA_STORE=f"postgresql://me:{beginning}/s3cret@worker/database",
        RINHA_BRIDGE=f"tcp://me:{beginning}s3cret@worker:7000",
    )
    assert len(errors) == 4
    assert not any("s3cret" in error for error in errors)


@pytest.mark.parametrize("token", ["0123456789abcdef ", " 0123456789abcdef"])
def test_a_token_that_no_header_can_carry_is_a_mistake(token: str) -> None:
    """HTTP drops blanks around a header's value: nobody would ever be let in."""
    (error,) = errors_of(RINHA_ADMIN_TOKEN=token)
    assert error.startswith("RINHA_ADMIN_TOKEN=********: must not begin or end with a blank; make one: ")
