"""The worker's statistics as people get them: from ``GET /statistics`` and ``rinha statistics``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.reports import WorkerStatistics


def statistics_as_json(statistics: WorkerStatistics) -> dict[str, Any]:
    """Statistics as one JSON object: the counts in it themselves, the processors by name."""
    return {
        **statistics.counts._asdict(),
        "processors": {each.name: each._asdict() for each in statistics.processors},
        "dead_letters": statistics.dead_letters,
        "crashes": statistics.crashes,
    }
