"""What a process has logged of late, as it tells other processes, and all of them as people get to see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.bridge.protocol.wire.processes import Event, ProcessEvents

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rinha.logs.recent import RecentRecords


def own_events(records: RecentRecords, role: str, run: str, after: int) -> ProcessEvents:
    """The events of this process with a higher number than ``after``, the oldest first."""
    events = (
        Event(each.number, each.at_ms, each.level, each.event, role, each.fields) for each in records.after(after)
    )
    return ProcessEvents(role, run, tuple(events))


def merged(processes: Iterable[ProcessEvents], until: int) -> list[Event]:
    """The events of several processes in one row, the oldest first.

    Args:
        processes: whose.
        until: the number that an event may have at most. Who asks for more after the last of these misses nothing that
            another process wrote meanwhile, as long as their clocks agree.
    """
    events = (event for each in processes for event in each.events if event.number <= until)
    return sorted(events, key=lambda event: event.number)
