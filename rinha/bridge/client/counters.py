"""What a bridge client counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ClientCounters:
    """What became of the payments of this client, awaited and posted ones alike."""

    taken: int = 0
    conflicts: int = 0
    purged: int = 0
    redelivered: int = 0
    sessions: int = 0
    unknown: int = 0
    """Awaited, and no verdict in time; counted again as one of the others when the verdict comes."""
