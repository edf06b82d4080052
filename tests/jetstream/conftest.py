"""A NATS server of their own for those tests that speak with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.nats import nats_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.nats import NatsServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with nats_server(tmp_path) as server:
        yield server
