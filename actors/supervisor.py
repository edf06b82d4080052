"""The supervisor: starts actors in order, counts their crashes, and stops them in reverse.

What happens at a crash is the guard's affair (``guard.py``). Too many of them end the process, as with the restart
intensity of Erlang/OTP's supervisors, but for the system as a whole.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import pykka

from actors.guard import StartFailed
from actors.reference import DeadLetters, Ping, Question, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from actors.guard import Factory, SupervisedActor
    from actors.ports import Clock

logger = logging.getLogger(__name__)


class Supervisor:
    """Starts actors in order, counts their crashes, and stops them in reverse.

    Args:
        actor_type: the runtime's ``SupervisedActor``.
        clock: for the crash intensity.
        on_escalate: called once, when crashes pass the intensity; ends the process with a failure.
        crashes_max: so many crashes are borne …
        within_s: … within so many seconds, over all actors.
    """

    def __init__(
        self,
        actor_type: type[SupervisedActor],
        clock: Clock,
        on_escalate: Callable[[], None],
        *,
        crashes_max: int = 5,
        within_s: float = 30.0,
    ) -> None:
        self.dead_letters = DeadLetters()
        self.crashes: Counter[str] = Counter()
        self.escalated = False
        self.start_errors: dict[str, BaseException] = {}
        self._actor_type = actor_type
        self._clock = clock
        self._on_escalate = on_escalate
        self._crashes_max = crashes_max
        self._within_s = within_s
        self._recent: deque[float] = deque()
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
        group: list[Reference] = []
        self._started.append(group)
        for name in names:
            started = self._actor_type.start(name, factory, capacity, self)
            group.append(Reference(name, started, capacity, self.dead_letters))
            try:
                group[-1] = started.ask(Question(Ping()), block=True, timeout=5.0)
            except (pykka.ActorDeadError, pykka.Timeout) as error:
                raise StartFailed(name) from self.start_errors.pop(name, error)
        return group

    def crashed(self, name: str, message: Any, error: BaseException, *, counts: bool = True) -> None:
        """Take note of a crash; beyond the intensity, escalate.

        Args:
            name: whose behaviour it was.
            message: what it was handling.
            error: what it raised.
            counts: whether it counts for the intensity.
        """
        self.crashes[name] += 1
        logger.error("actor.crashed", exc_info=error, extra={"actor": name, "letter": repr(message)[:500]})
        if not counts:
            return
        now_s = self._clock.monotonic_s()
        self._recent.append(now_s)
        while self._recent[0] <= now_s - self._within_s:
            self._recent.popleft()
        if len(self._recent) > self._crashes_max and not self.escalated:
            self.escalated = True
            logger.critical(
                "actor.intensity_exceeded", extra={"crashes": len(self._recent), "within_s": self._within_s}
            )
            self._on_escalate()

    def stop(self, timeout_s: float) -> None:
        """Stop all actors, the last started first, each after what its mailbox holds; one that hangs is left.

        Args:
            timeout_s: for each actor that was started by itself, and for each group as a whole.
        """
        while self._started:
            group = self._started.pop()
            deadline_s = self._clock.monotonic_s() + timeout_s
            stopping = [(reference, reference.stop_soon()) for reference in group]
            for reference, stopped in stopping:
                try:
                    stopped.get(timeout=max(0.0, deadline_s - self._clock.monotonic_s()))
                except pykka.Timeout:
                    logger.error("actor.stop_timeout", extra={"actor": reference.name})
