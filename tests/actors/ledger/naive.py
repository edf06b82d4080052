"""What books and timelines are compared with."""

from __future__ import annotations

from actors.values import Totals


def naive(rows: list[tuple[int, int]], from_ms: int | None, to_ms: int | None) -> Totals:
    """Sum instants and amounts by a scan."""
    amounts = [cents for at, cents in rows if (from_ms is None or at >= from_ms) and (to_ms is None or at <= to_ms)]
    return Totals(len(amounts), sum(amounts))
