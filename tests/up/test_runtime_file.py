"""The word that ``rinha up`` leaves of its bridge, and who believes it."""

from __future__ import annotations

import json
import os
import socket
import stat
import tempfile
from typing import TYPE_CHECKING

import pytest

from rinha.settings.errors import SettingsError
from rinha.up.runtime_file import published, url_of_running_system, with_running_system

if TYPE_CHECKING:
    from pathlib import Path

BRIDGE = {"RINHA_BRIDGE": "tcp://127.0.0.1:1", "RINHA_BRIDGE_SECRET": "s3cret"}


@pytest.fixture(params=["XDG_RUNTIME_DIR", "temporary"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, str], Path]:
    """An environment, and where the file then is."""
    if request.param == "XDG_RUNTIME_DIR":
        return {request.param: str(tmp_path)}, tmp_path / "rinha.json"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return {}, tmp_path / f"rinha-{os.geteuid()}" / "rinha.json"


def reason_not_to(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        with_running_system(environ)
    (error,) = caught.value.errors
    assert error.name == "RINHA_BRIDGE"
    return str(error)


def test_it_leads_to_the_worker_is_private_and_goes_at_the_end(place: tuple[dict[str, str], Path]) -> None:
    environ, path = place
    with published(environ, BRIDGE) as is_published:
        assert is_published
        assert json.loads(path.read_text()) == BRIDGE
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert with_running_system({**environ, "HOME": "/"}) == {**environ, "HOME": "/", **BRIDGE}
    assert not path.exists()
    assert with_running_system(environ) == environ


def test_it_says_where_the_apis_are(place: tuple[dict[str, str], Path]) -> None:
    environ, _ = place
    url = "http://127.0.0.1:9999"
    assert url_of_running_system(environ) == ""
    with published(environ, {**BRIDGE, "url": url}):
        assert url_of_running_system(environ) == url
        assert with_running_system(environ) == {**environ, **BRIDGE}
        assert url_of_running_system({**environ, "RINHA_BRIDGE": "unix:/b"}) == "", "that is another system"
    with published(environ, BRIDGE):
        assert url_of_running_system(environ) == ""


def test_the_temporary_directory_is_the_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with published({"XDG_RUNTIME_DIR": "not/absolute"}, BRIDGE):
        (directory,) = tmp_path.iterdir()
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_the_next_systems_file_is_left(place: tuple[dict[str, str], Path]) -> None:
    environ, path = place
    theirs = {"RINHA_BRIDGE": "tcp://127.0.0.1:2"}
    with published(environ, BRIDGE):
        second = published(environ, theirs)
        second.__enter__()
    assert json.loads(path.read_text()) == theirs
    second.__exit__(None, None, None)
    assert not path.exists()


def test_the_file_of_a_system_that_lives_on_is_put_back(place: tuple[dict[str, str], Path]) -> None:
    """A second system was started by mistake, and ended."""
    environ, path = place
    with socket.create_server(("127.0.0.1", 0)) as bridge:
        first = {**BRIDGE, "RINHA_BRIDGE": f"tcp://127.0.0.1:{bridge.getsockname()[1]}"}
        with published(environ, first):
            with published(environ, {"RINHA_BRIDGE": "tcp://127.0.0.1:2"}):
                pass
            assert json.loads(path.read_text()) == first
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


def test_the_file_of_a_system_that_is_gone_is_not(place: tuple[dict[str, str], Path]) -> None:
    environ, path = place
    with published(environ, BRIDGE):
        with published(environ, {"RINHA_BRIDGE": "tcp://127.0.0.1:2"}):
            pass
        assert not path.exists()


def test_who_names_a_bridge_needs_no_file(place: tuple[dict[str, str], Path]) -> None:
    environ = {**place[0], "RINHA_BRIDGE": "unix:/b"}
    with published(environ, BRIDGE):
        place[1].chmod(0o644)
        assert with_running_system(environ) == environ


@pytest.mark.parametrize("name", ["RINHA_BRIDGE_SECRET", "RINHA_BRIDGE_SECRET_FILE"])
def test_a_secret_that_is_given_counts_more(place: tuple[dict[str, str], Path], name: str) -> None:
    environ = {**place[0], name: "given"}
    with published(environ, BRIDGE):
        assert with_running_system(environ) == {**environ, "RINHA_BRIDGE": BRIDGE["RINHA_BRIDGE"]}


def test_what_others_may_read_is_not_believed(place: tuple[dict[str, str], Path]) -> None:
    environ, path = place
    with published(environ, BRIDGE):
        path.chmod(0o640)
        said = reason_not_to(environ)
    assert "too open to others (mode 0640)" in said
    assert str(path) in said


def test_what_another_user_wrote_is_not_believed(
    place: tuple[dict[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    environ, path = place
    with published(environ, BRIDGE):
        another = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: another)
        if "XDG_RUNTIME_DIR" not in environ:
            path.parent.rename(path.parent.with_name(f"rinha-{os.geteuid()}"))
        said = reason_not_to(environ)
    assert "another user" in said or "isn't this user's alone" in said


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"RINHA_BRIDGE": 1}', "\0"])
def test_nonsense_is_not_believed(place: tuple[dict[str, str], Path], content: str) -> None:
    environ, path = place
    with published(environ, BRIDGE):
        path.write_text(content)
        assert "isn't what `rinha up` writes" in reason_not_to(environ)
    path.unlink()


def test_a_directory_that_others_can_enter_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    directory = tmp_path / f"rinha-{os.geteuid()}"
    directory.mkdir()
    directory.chmod(0o755)
    with published({}, BRIDGE) as is_published:
        assert not is_published
        assert list(directory.iterdir()) == []
        assert "isn't this user's alone" in reason_not_to({})
    (record,) = caplog.records
    assert record.message == "up.runtime_file_not_written"
    assert "s3cret" not in str(vars(record))


def test_where_it_can_not_be_written_the_system_runs_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with published({"XDG_RUNTIME_DIR": str(tmp_path / "none")}, BRIDGE) as is_published:
        assert not is_published
    assert [record.message for record in caplog.records] == ["up.runtime_file_not_written"]
