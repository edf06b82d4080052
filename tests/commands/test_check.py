"""``rinha check`` shows what is in effect, and refuses what a process would refuse."""

from __future__ import annotations

import re
import sys

import pytest

from rinha.commands.main import main


def test_check_shows_every_setting_with_its_origin(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINHA_PORT", "8080")
    assert main(["check"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    rows = {row[0]: row[1:] for row in (re.split(r"  +", line) for line in out.splitlines())}
    assert rows["RINHA_PORT"][:2] == ["8080", "environment"]
    assert rows["RINHA_POOL_SIZE"][:2] == ["64", "default"]


def test_check_masks_secrets(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINHA_BRIDGE_SECRET", "s3cret, long enough")
    assert main(["check"]) == 0
    out, _ = capfd.readouterr()
    assert "s3cret" not in out
    assert re.search(r"RINHA_BRIDGE_SECRET +\*+ +environment", out)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RINHA_STORE", "sqlite:///dir/"),
        ("RINHA_STORE", "sqlite:///:memory:"),
        ("RINHA_STORE", "postgresql://h:port/d"),
        ("RINHA_STORE", "postgresql://h/d?sslmod=require"),
        ("PROCESSOR_FALLBACK_URL", "http://h..x:80"),
        ("PROCESSOR_FALLBACK_URL", "http://a*b:80"),
        ("PROCESSOR_FALLBACK_URL", "http://[fe80::1%25eth0]"),
        ("PROCESSOR_FALLBACK_URL", "http://bücher.example"),
        ("PROCESSOR_FALLBACK_URL", "http://h:0"),
        ("RINHA_BRIDGE", "tcp://a..b:7000"),
        ("RINHA_BRIDGE", "tcp://[fe80::1%eth0]:7000"),
        ("RINHA_BRIDGE", "tcp://127.0.0.1:0"),
        ("RINHA_HOST", "a..b"),
    ],
)
def test_what_a_process_can_not_use_is_refused_before_and_alike(
    name: str, value: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESSOR_DEFAULT_URL", "http://one")
    monkeypatch.setenv("PROCESSOR_FALLBACK_URL", "http://two")
    monkeypatch.setenv("RINHA_BRIDGE_SECRET", "s3cret, long enough")
    assert main(["check"]) == 0
    capfd.readouterr()
    monkeypatch.setenv(name, value)
    lines = []
    for command in ("check", "worker", "api"):
        assert main([command]) == 2
        out, err = capfd.readouterr()
        assert out == ""
        lines.append(err)
    assert lines[0].startswith(f"{name}=")
    assert len(set(lines)) == 1


def test_a_database_s_url_is_read_without_its_library(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for scheme in ("postgresql", "postgres"):
        monkeypatch.setenv("RINHA_STORE", f"{scheme}://me:s3cret@h/d")
        assert main(["check"]) == 0
        assert "s3cret" not in capfd.readouterr().out
