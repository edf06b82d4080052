"""Instruments: told before and after messages that an actor handles, and free when there are none.

They are set where the system is composed. Without any, and while they are paused, messages go as they are; with some,
all are counted, and those of a sample carry the instant at which they were sent.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from actors.runtime.observing import Instrument, Observation, Several
from actors.runtime.sampling import sampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from actors.runtime.clocks import Clock
    from actors.runtime.observing import Host
    from actors.runtime.reference import Reference

logger = logging.getLogger(__name__)


@runtime_checkable
class PerActor(Protocol):
    """An instrument that has a part for each actor, which sees that actor's messages alone: one after the other."""

    def part_for(self, actor: Reference, handled: Mapping[type, int]) -> Instrument:
        """Make the part for an actor. Called once, before its first message.

        Args:
            actor: the actor.
            handled: counts what it handles by class, those messages too that are not in the sample; kept up to date.
        """
        ...


AnyInstrument = Instrument | PerActor


class Instruments:
    """Those that are set.

    Args:
        instruments: in the order in which they are told.
        clock: for waits and durations.
    """

    def __init__(self, instruments: Iterable[AnyInstrument], clock: Clock) -> None:
        self._now_s = clock.monotonic_s
        self._set = tuple(instruments)
        self._stamps: list[tuple[Reference, Callable[[Any], Any]]] = []
        self._observers: list[Callable[[], None]] = []
        """Called when one was taken out."""
        self.paused = not self._set
        """Whether what is sent now passes them by."""

    def __bool__(self) -> bool:
        """Whether any are set, paused or not."""
        return bool(self._set)

    def pause(self) -> None:
        """Let messages that are sent from now on pass them by; those are handled at next to no cost."""
        self.paused = True
        for actor, _stamp in self._stamps:
            actor.stamp = None

    def resume(self) -> None:
        """Have them told of messages that are sent from now on, if any are set."""
        if self._set:
            self.paused = False
            for actor, stamp in self._stamps:
                actor.stamp = stamp

    def observe(self, actor: Reference, host: Host) -> Callable[[Any], Any]:
        """Make what receives an actor's messages, so that instruments are told before and after each.

        Args:
            actor: whose messages.
            host: handles them.

        Returns:
            A function of a message, stamped or not, as ``Reference`` sends it. It returns, or raises, what the host's
            answer does.
        """
        stamp = sampler(self._now_s)
        self._stamps.append((actor, stamp))
        actor.stamp = None if self.paused else stamp

        def tell_those_left() -> None:
            left = [part for each, part in parts if any(each is still for still in self._set)]
            observation.told = left[0] if len(left) == 1 else Several(left, take_out)

        def take_out(failed: Instrument, error: BaseException) -> None:
            self._take_out(next(each for each, part in parts if part is failed), error)

        observation = Observation(actor, host, self._now_s, take_out)
        parts = [(each, _part(each, actor, observation.handled)) for each in self._set]
        tell_those_left()
        self._observers.append(tell_those_left)
        return observation.receiver()

    def _take_out(self, instrument: AnyInstrument, error: BaseException) -> None:
        # While an actor blocked, the instrument may have failed at another already.
        if any(each is instrument for each in self._set):
            self._set = tuple(each for each in self._set if each is not instrument)
            logger.error("instrument.failed", exc_info=error, extra={"instrument": type(instrument).__name__})
            for look_again in self._observers:
                look_again()
            if not self._set:
                self.pause()


def _part(instrument: AnyInstrument, actor: Reference, handled: Mapping[type, int]) -> Instrument:
    return instrument.part_for(actor, handled) if isinstance(instrument, PerActor) else instrument
