"""The worker's statistics as people get them from ``GET /statistics``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.reports import WorkerStatistics
    from actors.values import ProcessorHealth


def statistics_as_json(statistics: WorkerStatistics) -> dict[str, Any]:
    """Statistics as one JSON object: the counts in it themselves, the processors by name."""
    return {
        **statistics.counts._asdict(),
        "processors": {each.name: _health(each) for each in statistics.processors},
        "dead_letters": statistics.dead_letters,
        "crashes": statistics.crashes,
    }


def _health(health: ProcessorHealth) -> dict[str, Any]:
    # None is measured below a microsecond: 0 stands for nothing known.
    return {**health._asdict(), "latency_ms": round(health.latency_ms, 3) or None}
