"""The supervisor: starts actors in order and stops them in reverse. What happens at a crash is the guard's affair."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pykka

from actors.runtime.dead_letters import DeadLetters
from actors.runtime.guard import StartFailed
from actors.runtime.instruments import Instruments
from actors.runtime.reference import Bound, Ping, Reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.runtime.clocks import Clock
    from actors.runtime.crashes import Crashes
    from actors.runtime.guard import Factory, SupervisedActor
    from actors.runtime.instruments import AnyInstrument

logger = logging.getLogger(__name__)


class Supervisor:
    """Starts actors in order, and stops them in reverse.

    Args:
        actor_type: the runtime's ``SupervisedActor``.
        clock: for stopping, and for the instruments.
        crashes: counts the actors' crashes.
        unbounded: classes of messages that pass every mailbox's bound.
        instruments: told before and after messages; without any, none is timed.
    """

    def __init__(
        self,
        actor_type: type[SupervisedActor],
        clock: Clock,
        crashes: Crashes,
        *,
        unbounded: tuple[type, ...] = (),
        instruments: Iterable[AnyInstrument] = (),
    ) -> None:
        self.dead_letters = DeadLetters()
        self.crashes = crashes
        self._actor_type = actor_type
        self._clock = clock
        self._unbounded = unbounded
        self.instruments = Instruments(instruments, clock)
        self._started: list[list[Reference]] = []

    def start(self, name: str, factory: Factory, *, capacity: int) -> Reference:
        """Start an actor, and see that it lives.

        Args:
            name: for logs and statistics.
            factory: makes its behaviour.
            capacity: its mailbox's bound, in messages.

        Raises:
            StartFailed: it doesn't. ``stop`` stops it all the same, and those started before.
        """
        (reference,) = self.start_group([name], factory, capacity=capacity)
        return reference

    def start_group(self, names: Iterable[str], factory: Factory, *, capacity: int) -> list[Reference]:
        """Start several actors of a kind, which will be stopped together.

        Raises:
            StartFailed: as with ``start``.
        """
        bound = Bound(capacity, self._unbounded)
        group: list[Reference] = []
        self._started.append(group)
        for name in names:
            started = self._actor_type.start(name, factory, bound, self.crashes, self.dead_letters, self.instruments)
            group.append(Reference(name, started, bound, self.dead_letters))
            try:
                group[-1] = group[-1].ask(Ping(), timeout=5.0)
            except (pykka.ActorDeadError, pykka.Timeout) as error:
                raise StartFailed(name) from self.crashes.at_start.pop(name, error)
        return group

    def actors(self) -> list[Reference]:
        """All that were started, in that order."""
        return [reference for group in self._started for reference in group]

    def stop(self, timeout_s: float) -> None:
        """Stop all actors, the last started first, each after what its mailbox holds; one that hangs is left.

        Args:
            timeout_s: for each actor that was started by itself, and for each group as a whole.
        """
        self.dead_letters.stopping = True
        while self._started:
            group = self._started.pop()
            deadline_s = self._clock.monotonic_s() + timeout_s
            stopping = [(reference, reference.stop_soon()) for reference in group]
            for reference, stopped in stopping:
                try:
                    stopped.get(timeout=max(0.0, deadline_s - self._clock.monotonic_s()))
                except pykka.Timeout:
                    logger.error("actor.stop_timeout", extra={"actor": reference.name})
