"""An instrument that counts and times what actors handle, by actor and class of message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from actors.runtime.observing import FAILED

if TYPE_CHECKING:
    from actors.runtime.observing import Handling
    from actors.runtime.reference import Reference


class Measured(NamedTuple):
    """What was measured of one class of messages at one actor.

    Args:
        actor: the actor's name.
        message: the class's name.
        handled: how many there were, failed ones included.
        failed: how many of them failed.
        total_s: seconds that all of them took.
        max_wait_s: the longest that one was in the mailbox.
        wait_s: seconds that all of them were there, together.
    """

    actor: str
    message: str
    handled: int
    failed: int
    total_s: float
    max_wait_s: float
    wait_s: float


class Meter:
    """Counts and times (``actors.runtime.instruments.PerActor``); holds a row per actor and class of message."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []

    def part_for(self, actor: Reference) -> _Part:
        """See ``PerActor.part_for``."""
        part = _Part(actor)
        self._parts.append(part)
        return part

    def measured(self) -> list[Measured]:
        """What has been handled since the start: by actor, in the order in which they and their messages first came."""
        return [
            Measured(part.actor.name, kind.__name__, row.count, row.failed, row.total_s, row.max_wait_s, row.wait_s)
            for part in self._parts
            for kind, row in part.rows.items()
        ]

    def waiting(self) -> dict[str, int]:
        """How many messages wait in the mailbox now, of each actor that was ever told something, by its name."""
        return {part.actor.name: part.actor.waiting() for part in self._parts if part.rows}


class _Part:
    """What one actor handles."""

    __slots__ = ("actor", "row", "rows")

    def __init__(self, actor: Reference) -> None:
        self.actor = actor
        self.rows: dict[type, _Row] = {}
        self.row = _Row()
        """Of the message that is being handled: there is only ever one."""

    def before(self, actor: Reference, message: Any, waited_s: float) -> None:
        """Note the wait."""
        try:
            row = self.row = self.rows[type(message)]
        except KeyError:
            row = self.row = self.rows[type(message)] = _Row()
        row.wait_s += waited_s
        if waited_s > row.max_wait_s:  # noqa: PLR1730  # per message, and max() costs as much as all the rest of this
            row.max_wait_s = waited_s

    def after(self, actor: Reference, message: Any, took_s: float, outcome: Handling) -> None:
        """Count it, and note the time that it took."""
        row = self.row
        row.count += 1
        row.total_s += took_s
        if outcome is FAILED:
            row.failed += 1


class _Row:
    __slots__ = ("count", "failed", "max_wait_s", "total_s", "wait_s")

    def __init__(self) -> None:
        self.count = 0
        self.failed = 0
        self.total_s = 0.0
        self.max_wait_s = 0.0
        self.wait_s = 0.0
