"""A scaled system for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scale.system import running_scaled
from tests.store.postgres_server import find_program

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.scale.system import ScaledSystem


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[ScaledSystem]:
    if find_program("initdb") is None:
        pytest.skip("NOT TESTED: shards, for want of PostgreSQL's server (apt-get install postgresql)")
    async with running_scaled(tmp_path) as system:
        yield system
