"""Settled payments as a busy worker sees them: random ids, two processors, instants that are mostly but not quite in
order, because attempts take different times.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

from actors.values import LedgerRow

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCESSORS = ("default", "fallback")
FALLBACK_SHARE = 0.1
BEGIN_MS = 1_752_000_000_000
LATE_MS = 100
"""An attempt takes up to so long, so that its ``requestedAt`` is older than some that are settled already."""


def settled(count: int, *, first: int = 0) -> Iterator[LedgerRow]:
    """So many rows, one per millisecond: 1,000 a second.

    Args:
        count: how many.
        first: how many there were before.
    """
    for number in range(first, first + count):
        yield LedgerRow(
            os.urandom(16),
            PROCESSORS[random.random() < FALLBACK_SHARE],
            random.randrange(1, 1_000_000),
            BEGIN_MS + number - random.randrange(LATE_MS),
        )
