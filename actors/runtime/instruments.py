"""Instruments: told before and after each message that an actor handles, and free when there are none.

They are set where the system is composed. Without any, and while they are paused, messages go as they are; with some,
each carries the instant at which it was sent.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from actors.runtime.observing import Instrument, Several, receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from actors.runtime.clocks import Clock
    from actors.runtime.observing import Host
    from actors.runtime.reference import Reference

logger = logging.getLogger(__name__)


@runtime_checkable
class PerActor(Protocol):
    """An instrument that has a part for each actor, which sees that actor's messages alone: one after the other."""

    def part_for(self, actor: Reference) -> Instrument:
        """Make the part for an actor. Called once, before its first message.

        Args:
            actor: the actor.
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
        self._actors: list[Reference] = []
        self._observers: list[Callable[[], None]] = []
        """Called when one was taken out."""
        self.stamp_s: Callable[[], float] | None = clock.monotonic_s if self._set else None
        """Reads the clock when a message is sent; None if nobody cares."""

    def __bool__(self) -> bool:
        """Whether any are set, paused or not."""
        return bool(self._set)

    @property
    def paused(self) -> bool:
        """Whether what is sent now passes them by."""
        return self.stamp_s is None

    def pause(self) -> None:
        """Let messages that are sent from now on pass them by; those are handled at next to no cost."""
        self._stamp_by(None)

    def resume(self) -> None:
        """Have them told of messages that are sent from now on, if any are set."""
        self._stamp_by(self._now_s if self._set else None)

    def _stamp_by(self, stamp_s: Callable[[], float] | None) -> None:
        self.stamp_s = stamp_s
        for each in self._actors:
            each.stamp_s = stamp_s

    def observe(self, actor: Reference, host: Host, unobserved: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Make what receives an actor's messages, so that instruments are told before and after each.

        Args:
            actor: whose messages.
            host: handles them.
            unobserved: receives those that were sent while the instruments were paused.

        Returns:
            A function of a message with its instant or without, as ``Reference`` sends it. It returns, or raises, what
            the host's answer does.
        """
        self._actors.append(actor)
        parts = [(each, _part(each, actor)) for each in self._set]

        def whom_to_tell() -> Instrument:
            left = [part for each, part in parts if any(each is still for still in self._set)]
            return left[0] if len(left) == 1 else Several(left, take_out)

        def take_out(failed: Instrument, error: BaseException) -> None:
            self._take_out(next(each for each, part in parts if part is failed), error)

        receive, tell_from_now_on = receiver(actor, host, unobserved, self._now_s, whom_to_tell(), take_out)
        self._observers.append(lambda: tell_from_now_on(whom_to_tell()))
        return receive

    def _take_out(self, instrument: AnyInstrument, error: BaseException) -> None:
        # While an actor blocked, the instrument may have failed at another already.
        if any(each is instrument for each in self._set):
            self._set = tuple(each for each in self._set if each is not instrument)
            logger.error("instrument.failed", exc_info=error, extra={"instrument": type(instrument).__name__})
            for look_again in self._observers:
                look_again()
            if not self._set:
                self.pause()


def _part(instrument: AnyInstrument, actor: Reference) -> Instrument:
    return instrument.part_for(actor) if isinstance(instrument, PerActor) else instrument
