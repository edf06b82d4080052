"""Crashes of actors: before they handle a message, half-way, or when they have handled it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.messages.settling import Attempt

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from actors.recipient import Recipient
    from actors.runtime.behaviour import Behaviour
    from actors.runtime.clocks import Clock, Timer, Timers
    from actors.runtime.guard import Factory
    from actors.runtime.reference import Reference
    from actors.tracing import Fields
    from tests.simulation.scheduler import Scheduler, Task

PORT_CALLS_MAX = 2
"""A crash half-way comes with one of the first so many calls of a port."""


AGAIN_SHARE = 0.7
"""Of handlings of a message that has just crashed: most bugs strike as often as a message is tried."""


class InjectedCrash(Exception):
    """A bug that the simulation put there."""


class Chaos:
    """Decides which handling of a message crashes, and where.

    Args:
        scheduler: who is at work.
        chance: the source of chance.
        share: of handlings that crash.
        target: the name of a message's class; only its handlings crash. Empty for any.
        crashes: at most, in the whole run.
    """

    def __init__(self, scheduler: Scheduler, chance: random.Random, share: float, target: str, crashes: int) -> None:
        self.share = share
        self.crashes = 0
        self.crashed: set[str] = set()
        """The classes of the messages whose handling crashed."""
        self.poisonous: set[bytes] = set()
        """Payments on which a payment actor crashes every time: before it has posted them, or after."""
        self._scheduler = scheduler
        self._chance = chance
        self._target = target
        self._crashes_max = crashes
        self._armed: dict[Task, int] = {}
        self._crashed_last: Any = None

    def wrap(self, name: str, factory: Factory) -> Factory:
        """Make behaviours fragile (``Scheduler.wrap``)."""
        return lambda me: FragileBehaviour(self, factory(me), me)

    def stop(self) -> None:
        """No crash from now on."""
        self.share = 0.0
        self.poisonous.clear()
        self._armed.clear()

    def handle(self, message: Any, handle: Callable[[Any], Any]) -> Any:
        """Have a message handled, or not, or not only."""
        if isinstance(message, Attempt) and message.payment.payment_id in self.poisonous:
            return self._poison(message, handle)
        if self.crashes >= self._crashes_max or not self.share:
            return handle(message)
        share = max(self.share, AGAIN_SHARE) if message is self._crashed_last else self.share
        if (self._target and type(message).__name__ != self._target) or self._chance.random() >= share:
            return handle(message)
        self._crashed_last = message
        self.crashed.add(type(message).__name__)
        where = self._chance.randrange(4)
        if where == 0:
            self._crash("before")
        if where < 3:
            return self._handle_half(message, handle, self._chance.randint(1, PORT_CALLS_MAX))
        handle(message)
        return self._crash("after")

    def call_port(self) -> None:
        """An actor calls a port."""
        task = self._scheduler.running() if self._armed else None
        if task in self._armed:
            self._armed[task] -= 1
            if self._armed[task] <= 0:
                del self._armed[task]
                self._crash("half-way")

    def _poison(self, message: Any, handle: Callable[[Any], Any]) -> Any:
        if self._chance.random() < 0.5:
            raise InjectedCrash("poisonous")
        return self._handle_half(message, handle, PORT_CALLS_MAX)

    def _handle_half(self, message: Any, handle: Callable[[Any], Any], port_calls: int) -> Any:
        task = self._scheduler.running()
        self._armed[task] = port_calls
        try:
            return handle(message)
        finally:
            self._armed.pop(task, None)

    def _crash(self, where: str) -> None:
        self.crashes += 1
        raise InjectedCrash(where)


class FragileBehaviour:
    """A behaviour (``actors.runtime.behaviour.Behaviour``) that crashes when ``Chaos`` says so."""

    def __init__(self, chaos: Chaos, behaviour: Behaviour, me: Reference) -> None:
        self._chaos = chaos
        self._behaviour = behaviour
        self.on_start = behaviour.on_start
        self.on_give_up = behaviour.on_give_up
        self.may_retry = behaviour.may_retry

    def on_receive(self, message: Any) -> Any:
        return self._chaos.handle(message, self._behaviour.on_receive)


class FragileClock:
    """A clock (``actors.runtime.clocks.Clock``) during whose calls actors crash."""

    def __init__(self, chaos: Chaos, clock: Clock) -> None:
        self._chaos = chaos
        self._clock = clock

    def now_ms(self) -> int:
        self._chaos.call_port()
        return self._clock.now_ms()

    def monotonic_s(self) -> float:
        self._chaos.call_port()
        return self._clock.monotonic_s()


class FragileTimers:
    """Timers (``actors.runtime.clocks.Timers``) during whose setting actors crash."""

    def __init__(self, chaos: Chaos, timers: Timers) -> None:
        self._chaos = chaos
        self._timers = timers

    def tell_after(self, delay_s: float, recipient: Recipient, message: Any) -> Timer:
        self._chaos.call_port()
        return self._timers.tell_after(delay_s, recipient, message)


class FragileRecorder:
    """A recorder (``actors.tracing.Recorder``) during whose notes actors crash. It keeps none."""

    active = True

    def __init__(self, chaos: Chaos, clock: Clock) -> None:
        self._chaos = chaos
        self._clock = clock

    def now_ns(self) -> int:
        return self._clock.now_ms() * 1_000_000

    def note(
        self,
        payment_id: bytes,
        hop: str,
        start_ns: int,
        took_ns: int = 0,
        attempt: int = 0,
        actor: str = "",
        fields: Fields | None = None,
    ) -> None:
        self._chaos.call_port()

    def samples(self, payment_id: bytes) -> bool:
        return False

    def trace(self, payment_id: bytes) -> None:
        self._chaos.call_port()
