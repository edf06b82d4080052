"""Instruments: told before and after each message that an actor handles, and free when there are none.

They are set where the system is composed. Without any, messages go as they are; with some, each carries the instant at
which it was sent.
"""

from __future__ import annotations

import logging
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from actors.runtime.crashes import ENDS_PROCESS
from actors.runtime.reference import Asked, Ping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from actors.runtime.behaviour import Behaviour
    from actors.runtime.clocks import Clock
    from actors.runtime.reference import Reference

logger = logging.getLogger(__name__)


class Handling(Enum):
    """How the handling of a message ended."""

    DONE = "done"
    """Handled; a told one perhaps at its second or third try."""
    FAILED = "failed"
    """The behaviour raised: a told message was given up, an ask's failure went to whoever asked."""


DONE, FAILED = Handling.DONE, Handling.FAILED
"""For code that runs per message: to look a member up in its class costs as much as two calls."""


class Instrument(Protocol):
    """Sees each message that an actor handles, told or asked, once, however often it is tried.

    Called in the actor's own greenlet, so it must not block. One that raises is logged, and never called again.
    """

    def before(self, actor: Reference, message: Any, waited_s: float) -> None:
        """An actor begins to handle a message.

        Args:
            actor: the actor; ``actor.waiting()`` is how many messages its mailbox holds now.
            message: the message.
            waited_s: seconds that it was in the mailbox.
        """
        ...

    def after(self, actor: Reference, message: Any, took_s: float, outcome: Handling) -> None:
        """The actor has handled it. Others may have been at work meanwhile, if it blocked.

        Args:
            actor: as before.
            message: as before.
            took_s: seconds since ``before``, tries and restarts included.
            outcome: how it ended.
        """
        ...


class Host(Protocol):
    """What stands around an actor's behaviour: ``actors.runtime.guard``."""

    behaviour: Behaviour
    """The present one: it handles what is told."""

    def recover(self, message: Any, error: BaseException) -> Handling:
        """The behaviour raised on a told message: try it again, or give it up (``FAILED``)."""
        ...

    def answer(self, message: Any) -> Any:
        """Answer a question, or raise."""
        ...


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
        self._observers: list[Callable[[], None]] = []
        """Called when one was taken out."""
        self.stamp_s: Callable[[], float] | None = clock.monotonic_s if self._set else None
        """Reads the clock when a message is sent; None if nobody cares."""

    def observe(self, actor: Reference, host: Host) -> Callable[[Any], Any]:
        """Make what receives an actor's messages, so that instruments are told before and after each.

        Args:
            actor: whose messages.
            host: handles them.

        Returns:
            A function of a message with its instant, as ``Reference`` sends it. It returns, or raises, what the host's
            answer does.
        """
        now_s = self._now_s
        parts = [(each, _part(each, actor)) for each in self._set]

        def whom_to_tell() -> Instrument:
            left = [part for each, part in parts if any(each is still for still in self._set)]
            return left[0] if len(left) == 1 else _Several(left, take_out)

        def take_out(failed: Instrument, error: BaseException) -> None:
            self._take_out(next(each for each, part in parts if part is failed), error)

        told = whom_to_tell()

        def look_again() -> None:
            nonlocal told
            told = whom_to_tell()

        self._observers.append(look_again)

        def receive(letter: tuple[Any, float]) -> Any:
            # All of it stands here: each call more per message would be a tenth of the whole cost.
            message, sent_s = letter
            asked = type(message) is Asked
            if asked:
                message = message.message
                if type(message) is Ping:
                    return host.answer(message)
            begun_s = now_s()
            try:
                told.before(actor, message, begun_s - sent_s)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                take_out(told, error)
            outcome = FAILED
            try:
                if asked:
                    reply = host.answer(message)
                else:
                    reply = None
                    try:
                        host.behaviour.on_receive(message)
                    except ENDS_PROCESS:
                        raise
                    except BaseException as error:
                        if host.recover(message, error) is FAILED:
                            return None
                outcome = DONE
                return reply
            finally:
                try:  # others may have been taken out while the actor blocked
                    told.after(actor, message, now_s() - begun_s, outcome)
                except ENDS_PROCESS:
                    raise
                except BaseException as error:
                    take_out(told, error)

        return receive

    def _take_out(self, instrument: AnyInstrument, error: BaseException) -> None:
        # While an actor blocked, the instrument may have failed at another already.
        if any(each is instrument for each in self._set):
            self._set = tuple(each for each in self._set if each is not instrument)
            logger.error("instrument.failed", exc_info=error, extra={"instrument": type(instrument).__name__})
            for look_again in self._observers:
                look_again()


class _Several:
    """Tells each of them, or nobody."""

    def __init__(self, parts: Sequence[Instrument], take_out: Callable[[Instrument, BaseException], None]) -> None:
        self._parts = parts
        self._take_out = take_out

    def before(self, actor: Reference, message: Any, waited_s: float) -> None:
        for each in self._parts:
            try:
                each.before(actor, message, waited_s)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                self._take_out(each, error)

    def after(self, actor: Reference, message: Any, took_s: float, outcome: Handling) -> None:
        for each in self._parts:
            try:
                each.after(actor, message, took_s, outcome)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                self._take_out(each, error)


def _part(instrument: AnyInstrument, actor: Reference) -> Instrument:
    return instrument.part_for(actor) if isinstance(instrument, PerActor) else instrument
