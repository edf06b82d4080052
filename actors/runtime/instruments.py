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
    from collections.abc import Callable, Iterable

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


@runtime_checkable
class Receiving(Protocol):
    """An instrument that, set alone, receives the messages itself, and never raises: it is spared the calls."""

    def receiver(
        self,
        actor: Reference,
        handle: Callable[[Any], Handling | None],
        answer: Callable[[Any], Any],
        now_s: Callable[[], float],
    ) -> Callable[[Any], Any]:
        """See ``Instruments.observe``."""
        ...


class Instruments:
    """Those that are set. To several it is itself the instrument that passes everything on.

    Args:
        instruments: in the order in which they are told.
        clock: for waits and durations.
    """

    def __init__(self, instruments: Iterable[Instrument], clock: Clock) -> None:
        self._now_s = clock.monotonic_s
        self._set = tuple(instruments)
        self._told = self._whom_to_tell()
        self.stamp_s: Callable[[], float] | None = clock.monotonic_s if self._set else None
        """Reads the clock when a message is sent; None if nobody cares."""

    def observe(
        self, actor: Reference, handle: Callable[[Any], Handling | None], answer: Callable[[Any], Any]
    ) -> Callable[[Any], Any]:
        """Make what receives an actor's messages, so that instruments are told before and after each.

        Args:
            actor: whose messages.
            handle: handles a told one; it returns ``Handling.FAILED`` if it gave it up.
            answer: answers an asked one, or raises.

        Returns:
            A function of a message with its instant, as ``Reference`` sends it. It returns, or raises, what ``handle``
            or ``answer`` does.
        """
        now_s = self._now_s
        if len(self._set) == 1 and isinstance(self._set[0], Receiving):
            return self._set[0].receiver(actor, handle, answer, now_s)

        def receive(letter: tuple[Any, float]) -> Any:
            # All of it stands here: each call more per message would be a tenth of the whole cost.
            message, sent_s = letter
            carry_out = handle
            if type(message) is Asked:
                message, carry_out = message.message, answer
                if type(message) is Ping:
                    return answer(message)
            told, begun_s = self._told, now_s()
            try:
                told.before(actor, message, begun_s - sent_s)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                self._take_out(told, error)
            outcome = FAILED
            try:
                reply = carry_out(message)
                if reply is not FAILED:
                    outcome = DONE
                return reply
            finally:
                told = self._told  # others may have been taken out while the actor blocked
                try:
                    told.after(actor, message, now_s() - begun_s, outcome)
                except ENDS_PROCESS:
                    raise
                except BaseException as error:
                    self._take_out(told, error)

        return receive

    def before(self, actor: Reference, message: Any, waited_s: float) -> None:
        """Tell each (``Instrument.before``)."""
        for each in self._set:
            try:
                each.before(actor, message, waited_s)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                self._take_out(each, error)

    def after(self, actor: Reference, message: Any, took_s: float, outcome: Handling) -> None:
        """Tell each (``Instrument.after``)."""
        for each in self._set:
            try:
                each.after(actor, message, took_s, outcome)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                self._take_out(each, error)

    def _whom_to_tell(self) -> Instrument:
        return self._set[0] if len(self._set) == 1 else self

    def _take_out(self, instrument: Instrument, error: BaseException) -> None:
        # While an actor blocked, the instrument may have failed at another already.
        if instrument in self._set:
            self._set = tuple(each for each in self._set if each is not instrument)
            self._told = self._whom_to_tell()
            logger.error("instrument.failed", exc_info=error, extra={"instrument": type(instrument).__name__})
