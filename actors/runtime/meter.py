"""An instrument that counts and times what actors handle, by actor and class of message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from actors.runtime.instruments import FAILED
from actors.runtime.reference import Asked, Ping

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.runtime.instruments import Handling
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
    """Counts and times (``actors.runtime.instruments.Instrument``); holds a row per actor and class of message."""

    def __init__(self) -> None:
        self._rows: dict[Reference, dict[type, _Row]] = {}

    def receiver(
        self,
        actor: Reference,
        handle: Callable[[Any], Handling | None],
        answer: Callable[[Any], Any],
        now_s: Callable[[], float],
    ) -> Callable[[Any], Any]:
        """Make what receives an actor's messages, if no other instrument is set (``Instruments.observe``).

        It does what ``before`` and ``after`` do without calls in between, which are a third of the whole cost.
        """
        rows: dict[type, _Row] = self._rows.setdefault(actor, {})

        def receive(letter: tuple[Any, float]) -> Any:
            message, sent_s = letter
            kind, carry_out = type(message), handle
            if kind is Asked:
                message, carry_out = message.message, answer
                kind = type(message)
                if kind is Ping:
                    return answer(message)
            begun_s = now_s()
            waited_s = begun_s - sent_s
            row = rows.get(kind)
            if row is None:
                row = rows[kind] = _Row()
            row.wait_s += waited_s
            if waited_s > row.max_wait_s:  # noqa: PLR1730  # as below
                row.max_wait_s = waited_s
            failed = 1
            try:
                reply = carry_out(message)
                if reply is not FAILED:
                    failed = 0
                return reply
            finally:
                row.count += 1
                row.total_s += now_s() - begun_s
                row.failed += failed

        return receive

    def before(self, actor: Reference, message: Any, waited_s: float) -> None:
        """Note the wait."""
        try:
            row = self._rows[actor][type(message)]
        except KeyError:
            row = self._rows.setdefault(actor, {})[type(message)] = _Row()
        row.wait_s += waited_s
        if waited_s > row.max_wait_s:  # noqa: PLR1730  # per message, and max() costs as much as all the rest of this
            row.max_wait_s = waited_s

    def after(self, actor: Reference, message: Any, took_s: float, outcome: Handling) -> None:
        """Count it, and note the time that it took."""
        row = self._rows[actor][type(message)]
        row.count += 1
        row.total_s += took_s
        if outcome is FAILED:
            row.failed += 1

    def measured(self) -> list[Measured]:
        """What has been handled since the start, in the order in which each actor and class first came."""
        return [
            Measured(actor.name, kind.__name__, row.count, row.failed, row.total_s, row.max_wait_s, row.wait_s)
            for actor, rows in self._rows.items()
            for kind, row in rows.items()
        ]

    def waiting(self) -> dict[str, int]:
        """How many messages wait in the mailbox now, of each actor that was ever told something, by its name."""
        return {actor.name: actor.waiting() for actor, rows in self._rows.items() if rows}


class _Row:
    __slots__ = ("count", "failed", "max_wait_s", "total_s", "wait_s")

    def __init__(self) -> None:
        self.count = 0
        self.failed = 0
        self.total_s = 0.0
        self.max_wait_s = 0.0
        self.wait_s = 0.0
