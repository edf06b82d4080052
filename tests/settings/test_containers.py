"""Whoever adds a setting passes it to the containers: compose gives them only what its files name."""

from __future__ import annotations

import re
from pathlib import Path

from rinha.settings.rows import VARIABLES

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text()
SCALE = (ROOT / "config/compose.scale.yaml").read_text()
SETTINGS = {variable.name for variable in VARIABLES}
MADE_THERE = {"RINHA_PORT", "RINHA_API_COUNT", "RINHA_BRIDGE_SECRET", "RINHA_NATS"}
"""Settings that mean nothing in a container, or that it makes itself."""
NOT_FOR_SHARDS = {
    *("RINHA_HOST", "RINHA_API_NAME", "RINHA_ACCEPT", "RINHA_ANSWER_TIMEOUT_S", "RINHA_ADMIN_TOKEN"),
    *("RINHA_BRIDGE", "RINHA_BRIDGE_SECRET_FILE", "RINHA_BRIDGE_LINGER_MS", "RINHA_JOURNAL_ID"),
}
"""What only an API reads, and what a shard makes itself: its bridge, the name of its journal."""


def named(text: str) -> set[str]:
    """The variables that compose's text names as keys."""
    return set(re.findall(r"\b(?:RINHA|PROCESSOR)_\w+(?=: |:$)", text, re.MULTILINE))


def part(text: str, begin: str, end: str) -> str:
    assert begin in text
    assert end in text
    return text.split(begin)[1].split(end, maxsplit=1)[0]


def test_some_container_gets_every_setting() -> None:
    assert SETTINGS - named(COMPOSE + SCALE) == MADE_THERE


def test_a_shard_gets_what_a_worker_gets() -> None:
    passed = named(part(SCALE, "x-scale:", "x-api:") + part(SCALE, "x-shard:", "networks:"))
    assert SETTINGS - passed == MADE_THERE | NOT_FOR_SHARDS
