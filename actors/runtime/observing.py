"""What stands between an actor's mailbox and its behaviour while instruments are set: it tells them of each message."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from actors.runtime.crashes import ENDS_PROCESS
from actors.runtime.reference import Asked, Ping

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from actors.runtime.behaviour import Behaviour
    from actors.runtime.reference import Reference


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


def receiver(
    actor: Reference,
    host: Host,
    unobserved: Callable[[Any], Any],
    now_s: Callable[[], float],
    told: Instrument,
    take_out: Callable[[Instrument, BaseException], None],
) -> tuple[Callable[[Any], Any], Callable[[Instrument], None]]:
    """Make what receives an actor's messages.

    Args:
        actor: whose messages.
        host: handles them.
        unobserved: receives those without an instant.
        now_s: reads the clock.
        told: told before and after each message that was stamped.
        take_out: is given one that raised, and what.

    Returns:
        What receives, and what sets whom it tells from now on.
    """
    ended_s = 0.0

    def receive(letter: Any) -> Any:
        # All of it stands here: each call more per message would be a tenth of the whole cost.
        nonlocal ended_s
        if type(letter) is not tuple:
            return unobserved(letter)
        message, sent_s = letter
        asked = type(message) is Asked
        if asked:
            message = message.message
            if type(message) is Ping:
                return host.answer(message)
        # What was there already when the one before it ended begins then: the clock need not be read again.
        begun_s = ended_s if sent_s < ended_s else now_s()
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
            ended_s = now_s()
            try:  # others may have been taken out while the actor blocked
                told.after(actor, message, ended_s - begun_s, outcome)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                take_out(told, error)

    def tell(instrument: Instrument) -> None:
        nonlocal told
        told = instrument

    return receive, tell


class Several:
    """Tells each of them, or nobody.

    Args:
        parts: the instruments, or their parts for an actor.
        take_out: is given one that raised, and what.
    """

    def __init__(self, parts: Sequence[Instrument], take_out: Callable[[Instrument, BaseException], None]) -> None:
        self._parts = parts
        self._take_out = take_out

    def before(self, actor: Reference, message: Any, waited_s: float) -> None:
        """See ``Instrument.before``."""
        for each in self._parts:
            try:
                each.before(actor, message, waited_s)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                self._take_out(each, error)

    def after(self, actor: Reference, message: Any, took_s: float, outcome: Handling) -> None:
        """See ``Instrument.after``."""
        for each in self._parts:
            try:
                each.after(actor, message, took_s, outcome)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                self._take_out(each, error)
