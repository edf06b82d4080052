"""An instrument that counts and times what actors handle, by actor and class of message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actors.runtime.observing import Handling
    from actors.runtime.reference import Reference


class Measured(NamedTuple):
    """What was measured of one class of messages at one actor.

    Args:
        actor: the actor's name.
        message: the class's name.
        handled: how many there were, failed ones included.
        total_s: seconds that all of them took, estimated from those of the sample.
        wait_s: seconds that all of them were in the mailbox, together; estimated likewise.
    """

    actor: str
    message: str
    handled: int
    total_s: float
    wait_s: float


class Meter:
    """Counts and times (``actors.runtime.instruments.PerActor``); holds a row per actor and class of message."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []

    def part_for(self, actor: Reference, handled: Mapping[type, int]) -> _Part:
        """See ``PerActor.part_for``."""
        part = _Part(actor, handled)
        self._parts.append(part)
        return part

    def measured(self) -> list[Measured]:
        """What has been handled since the start: by actor, in the order in which they and their messages first came."""
        return [
            Measured(part.actor.name, kind.__name__, handled, *part.timed(kind))
            for part in self._parts
            for kind, handled in part.handled.items()
        ]

    def waiting(self) -> dict[str, int]:
        """How many messages wait in the mailbox now, of each actor that was ever told something, by its name."""
        return {part.actor.name: part.actor.waiting() for part in self._parts if part.handled}


class _Part:
    """What one actor handles."""

    __slots__ = ("_rows", "actor", "handled")

    def __init__(self, actor: Reference, handled: Mapping[type, int]) -> None:
        self.actor = actor
        self.handled = handled
        self._rows: dict[type, _Row] = {}

    def timed(self, kind: type) -> tuple[float, float]:
        """Seconds that messages of a class took, and waited."""
        row = self._rows.get(kind)
        return (row.total_s, row.wait_s) if row else (0.0, 0.0)

    def before(self, actor: Reference, message: Any, waited_s: float, weight: int) -> None:
        """Note the wait."""
        kind = type(message)
        if kind not in self._rows:
            self._rows[kind] = _Row()
        self._rows[kind].wait_s += waited_s * weight

    def after(self, actor: Reference, message: Any, took_s: float, weight: int, outcome: Handling) -> None:
        """Note the time that it took."""
        self._rows[type(message)].total_s += took_s * weight


class _Row:
    __slots__ = ("total_s", "wait_s")

    def __init__(self) -> None:
        self.total_s = 0.0
        self.wait_s = 0.0
