"""What the runtime promises holds with and without instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actors.runtime.meter import Meter

if TYPE_CHECKING:
    from actors.runtime.instruments import AnyInstrument


@pytest.fixture(params=[False, True], ids=["plain", "metered"])
def instruments(request: pytest.FixtureRequest) -> list[AnyInstrument]:
    return [Meter()] if request.param else []
