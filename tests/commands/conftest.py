"""Commands without an environment, and an API for them that answers by a script."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.commands.scripted_api import ScriptedApi, scripted_api

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No settings, no file of a running system, and a pipe."""
    for name in [name for name in os.environ if name.startswith(("RINHA_", "PROCESSOR_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as running:
        yield running
