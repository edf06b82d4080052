"""Pykka actors on the deterministic scheduler: the second runtime behind ``actors/ports.py``.

It fills in Pykka's three hooks, as ``actors/runtime/greenlets.py`` does with gevent, and brings clock and timers.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any

import pykka

from actors.runtime.guard import SupervisedActor
from tests.simulation.scheduler import Scheduler

if TYPE_CHECKING:
    from pykka._actor import ActorInbox

    from actors.recipient import Recipient
    from actors.runtime.guard import Factory
    from tests.simulation.scheduler import Process, Task


class Mailbox:
    """An actor's mailbox, for one reader."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._envelopes: deque[Any] = deque()
        self._reader: Task | None = None

    def put(self, envelope: Any) -> None:
        self._envelopes.append(envelope)
        if self._reader is not None:
            self._scheduler.wake(self._reader)

    def get(self) -> Any:
        while not self._envelopes:
            self._reader = self._scheduler.running()
            self._scheduler.park()
            self._reader = None  # it may wait for something else while it handles the message
        envelope = self._envelopes.popleft()
        if self._scheduler.on_message is not None:
            self._scheduler.on_message(self._scheduler.running().name, envelope.message)
        return envelope

    def empty(self) -> bool:
        return not self._envelopes

    def qsize(self) -> int:
        return len(self._envelopes)


class SimulatedFuture(pykka.Future[Any]):
    """A reply to come, awaited by tasks."""

    def __init__(self) -> None:
        super().__init__()
        self._scheduler = Scheduler.current
        self._reply: tuple[Any, BaseException | None] | None = None
        self._waiting: list[Task] = []

    @property
    def is_set(self) -> bool:
        return self._reply is not None

    def get(self, *, timeout: float | None = None) -> Any:
        if self._get_hook is not None:
            return super().get(timeout=timeout)
        if self._reply is None:
            task = self._scheduler.running()
            self._waiting.append(task)
            if not self._scheduler.park(timeout):
                self._waiting.remove(task)
                raise pykka.Timeout(f"{timeout} seconds")
            assert self._reply is not None
        value, error = self._reply
        if error is not None:
            raise error
        return value

    def set(self, value: Any = None) -> None:
        self._resolve(value, None)

    def set_exception(self, exc_info: Any = None) -> None:
        self._resolve(None, (exc_info or sys.exc_info())[1])

    def _resolve(self, value: Any, error: BaseException | None) -> None:
        assert self._reply is None, "a future was given a second result"
        self._reply = value, error
        for task in self._waiting:
            self._scheduler.wake(task)


class SimulatedActor(pykka.Actor):
    """A Pykka actor whose loop is a task of the process that starts it."""

    @staticmethod
    def _create_actor_inbox() -> ActorInbox:
        return Mailbox(Scheduler.current)

    @staticmethod
    def _create_future() -> pykka.Future[Any]:
        return SimulatedFuture()

    def _start_actor_loop(self) -> None:
        Scheduler.current.spawn(getattr(self, "_name", type(self).__name__), self._actor_loop)


class SupervisedSimulatedActor(SupervisedActor, SimulatedActor):
    """What the simulated worker's supervisor starts: a guarded behaviour on a task."""

    def __init__(self, name: str, factory: Factory, *rest: Any) -> None:
        super().__init__(name, Scheduler.current.wrap(name, factory), *rest)


class SimulatedClock:
    """The scheduler's time (``actors.runtime.clocks.Clock``). The wall clock jumps when it is told to."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.jumped_ms = 0

    def now_ms(self) -> int:
        return 1_752_000_000_000 + round(self._scheduler.now_s * 1000) + self.jumped_ms

    def monotonic_s(self) -> float:
        return self._scheduler.now_s


class SimulatedTimer:
    """One of them (``actors.runtime.clocks.Timer``)."""

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class SimulatedTimers:
    """The scheduler's ``Timers``, late by some milliseconds. They end with their process."""

    def __init__(self, scheduler: Scheduler, process: Process) -> None:
        self._scheduler = scheduler
        self._process = process

    def tell_after(self, delay_s: float, recipient: Recipient, message: Any) -> SimulatedTimer:
        timer = SimulatedTimer()

        def ring() -> None:
            if self._process.alive and not timer.cancelled:
                recipient.tell(message)

        self._scheduler.later(delay_s + self._scheduler.chance.random() * 0.005, ring)
        return timer
