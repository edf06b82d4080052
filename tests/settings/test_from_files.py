"""Settings with passwords, read from files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rinha.settings.errors import SettingsError
from rinha.settings.load import load_settings

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cr3tpassword"  # made up


def test_a_file_says_what_the_variable_would(tmp_path: Path) -> None:
    (tmp_path / "store").write_text(f"postgresql://rinha:{SECRET}@db/rinha\n")
    (tmp_path / "nats").write_text(f"nats://{SECRET}@nats:4222\n")
    settings = load_settings(
        {"RINHA_STORE_FILE": str(tmp_path / "store"), "RINHA_NATS_FILE": str(tmp_path / "nats"), "RINHA_SHARDS": "3"}
    )
    assert settings.nats is not None
    assert settings.nats.servers == (f"nats://{SECRET}@nats:4222",)
    assert settings.accept == "durable"
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"RINHA_STORE": "sqlite:///x"}, "RINHA_STORE is set as well; set one"),
        ({}, "can't be read: No such file or directory"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path: Path, environ: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({**environ, "RINHA_STORE_FILE": str(tmp_path / "none")})
    assert words in str(caught.value.errors[0])


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", f"mysql://rinha:{SECRET}@db".encode()])
def test_a_file_of_nonsense_is_refused_and_its_content_never_shown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_settings({"RINHA_STORE_FILE": str(path)})
    assert all(SECRET not in str(each) for each in caught.value.errors)
