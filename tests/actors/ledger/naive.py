"""What books and timelines are compared with."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from actors.ledger import timeline
from actors.values import Totals

if TYPE_CHECKING:
    from collections.abc import Iterator


def naive(rows: list[tuple[int, int]], from_ms: int | None, to_ms: int | None) -> Totals:
    """Sum instants and amounts by a scan."""
    amounts = [cents for at, cents in rows if (from_ms is None or at >= from_ms) and (to_ms is None or at <= to_ms)]
    return Totals(len(amounts), sum(amounts))


@contextmanager
def block_rows(limit: int) -> Iterator[None]:
    """Have timelines begin a new block after so few rows, so that short examples see many blocks, and splits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timeline, "BLOCK_ROWS", limit)
        yield
