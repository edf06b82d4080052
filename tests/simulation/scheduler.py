"""A deterministic scheduler of greenlets: which of those that could run runs next is drawn, and so is how long each of
them dawdles; time passes only while nobody can run. A seed is a run: nothing here reads a clock or sleeps.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

import greenlet
import pykka

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from actors.runtime.guard import Factory

STALL_SHARE, STALL_MAX_S = 0.03, 0.05
"""Some of those that could run are kept waiting, so that others overtake them."""


class ProcessDied(SystemExit):
    """Thrown into the tasks of a process that is killed; guards let it pass."""


class Process:
    """Tasks that die together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.tasks: dict[Task, None] = {}


class Task:
    """A greenlet of a process."""

    __slots__ = ("greenlet", "name", "parked", "parkings", "process", "woken")

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self.process = process
        self.greenlet: greenlet.greenlet
        self.parked = False
        self.parkings = 0
        self.woken = False


class Scheduler:
    """Runs tasks and timers. Made anew for each run; ``current`` is the one that actors are started on.

    Args:
        chance: the only source of chance.
        on_message: told of each message that an actor begins to handle, with the actor's name.
    """

    current: ClassVar[Scheduler]

    def __init__(self, chance: random.Random, on_message: Callable[[str, Any], None] | None = None) -> None:
        Scheduler.current = self
        self.now_s = 1000.0
        self.chance = chance
        self.on_message = on_message
        self.wrap: Callable[[str, Factory], Factory] = lambda name, factory: factory
        """Put around the factories of the actors that are started, by name."""
        self._running: Task | None = None
        self._hub = greenlet.getcurrent()
        self._ready: list[Task] = []
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._tiebreak = count()

    def spawn(self, name: str, function: Callable[[], object], process: Process | None = None) -> Task:
        """Make a task of a process, by default of the running task's."""
        if process is None:
            assert self._running is not None
            process = self._running.process
        task = Task(name, process)
        task.greenlet = greenlet.greenlet(lambda: self._run_task(task, function), self._hub)
        process.tasks[task] = None
        self._ready.append(task)
        return task

    def later(self, delay_s: float, callback: Callable[[], None]) -> None:
        """Call back from no task, so that it can't wait, once so much time has passed."""
        heappush(self._timers, (self.now_s + delay_s, next(self._tiebreak), callback))

    def running(self) -> Task:
        """The task at work."""
        assert self._running is not None, "only a task can wait"
        return self._running

    def park(self, timeout_s: float | None = None) -> bool:
        """Let others run until the running task is woken.

        Returns:
            Whether it was; otherwise the time is over.
        """
        task = self.running()
        if not task.process.alive:
            raise ProcessDied
        task.parked, task.woken = True, False
        task.parkings += 1
        if timeout_s is not None:
            parking = task.parkings
            self.later(timeout_s, lambda: self._time_out(task, parking))
        self._hub.switch()
        return task.woken

    def sleep(self, delay_s: float) -> None:
        """Let time pass for the running task."""
        self.park(delay_s)

    def wake(self, task: Task) -> None:
        """Let a parked task go on, sooner or later."""
        if not task.parked:
            return
        task.parked, task.woken = False, True
        if self.chance.random() < STALL_SHARE:
            self.later(self.chance.random() * STALL_MAX_S, lambda: self._ready.append(task))
        else:
            self._ready.append(task)

    def kill(self, process: Process) -> None:
        """End a process, at whatever its tasks wait for. To be called from no task."""
        process.alive = False
        # Pykka answers what ends a process by stopping every actor that it knows, one by one.
        for reference in pykka.ActorRegistry.get_all():
            pykka.ActorRegistry.unregister(reference)
        for task in list(process.tasks):
            if task.greenlet:  # has begun, and not ended
                self._running = task
                task.greenlet.throw(ProcessDied)
        self._running = None
        process.tasks.clear()

    def run(self, until_s: float) -> None:
        """Run until nobody can run any more before that instant."""
        draw = self.chance.random
        ready, timers = self._ready, self._timers
        while True:
            if ready:
                drawn = int(draw() * len(ready))
                ready[drawn], ready[-1] = ready[-1], ready[drawn]
                task = ready.pop()
                if task.process.alive:
                    self._running = task
                    task.greenlet.switch()
                    self._running = None
            elif timers and timers[0][0] <= until_s:
                self.now_s, _tiebreak, callback = heappop(timers)
                callback()
            else:
                self.now_s = until_s
                return

    def _run_task(self, task: Task, function: Callable[[], object]) -> None:
        try:
            function()
        except ProcessDied:
            pass
        finally:
            task.process.tasks.pop(task, None)

    def _time_out(self, task: Task, parking: int) -> None:
        if task.parked and task.parkings == parking:
            task.parked = False
            self._ready.append(task)
