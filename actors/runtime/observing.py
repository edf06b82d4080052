"""What stands between an actor's mailbox and its behaviour while instruments are set: it counts, and tells them."""

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
    """Sees messages that an actor handles, told or asked, each once, however often it is tried: those of the sample.

    Called in the actor's own greenlet, so it must not block. One that raises is logged, and never called again.
    """

    def before(self, actor: Reference, message: Any, waited_s: float, weight: int) -> None:
        """An actor begins to handle a message.

        Args:
            actor: the actor; ``actor.waiting()`` is how many messages its mailbox holds now.
            message: the message.
            waited_s: seconds that it was in the mailbox.
            weight: for how many messages it stands (``actors.runtime.sampling``).
        """
        ...

    def after(self, actor: Reference, message: Any, took_s: float, weight: int, outcome: Handling) -> None:
        """The actor has handled it. Others may have been at work meanwhile, if it blocked.

        Args:
            actor: as before.
            message: as before.
            took_s: seconds since ``before``, tries and restarts included.
            weight: as before.
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


class Observation:
    """One actor's: counts all that it handles, and tells an instrument of those in the sample.

    Args:
        actor: whose messages.
        host: handles them.
        now_s: reads the clock.
        take_out: is given an instrument that raised, and what.

    Attributes:
        handled: how many messages of each class it has handled since the start, but for those handled in pauses.
        told: the instrument.
    """

    told: Instrument

    def __init__(
        self,
        actor: Reference,
        host: Host,
        now_s: Callable[[], float],
        take_out: Callable[[Instrument, BaseException], None],
    ) -> None:
        self.handled: dict[type, int] = {}
        self._actor = actor
        self._host = host
        self._now_s = now_s
        self._take_out = take_out

    def receiver(self) -> Callable[[Any], Any]:
        """Make what receives the actor's messages, stamped or not; it returns or raises what the host's answer does."""
        actor, host, handled = self._actor, self._host, self.handled

        def receive(letter: Any) -> Any:
            # What most messages go through stands here: a call more for each would be a tenth of the whole cost.
            kind = type(letter)
            if kind is tuple:
                return self._receive_timed(*letter)
            if kind is Asked:
                return self._answer_untimed(letter.message)
            if actor.stamp is not None:  # nobody measures in a pause
                try:
                    handled[kind] += 1
                except KeyError:
                    handled[kind] = 1
            try:
                host.behaviour.on_receive(letter)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                host.recover(letter, error)
            return None

        return receive

    def _answer_untimed(self, message: Any) -> Any:
        if self._actor.stamp is not None and type(message) is not Ping:
            self._count(message)
        return self._host.answer(message)

    def _receive_timed(self, message: Any, sent_s: float, weight: int) -> Any:
        asked = type(message) is Asked
        if asked:
            message = message.message
            if type(message) is Ping:
                return self._host.answer(message)
        self._count(message)
        begun_s = self._now_s()
        self._tell(self.told.before, message, begun_s - sent_s, weight)
        outcome = FAILED
        try:
            reply = self._host.answer(message) if asked else None
            outcome = DONE if asked else self._handle(message)
            return reply
        finally:
            self._tell(self.told.after, message, self._now_s() - begun_s, weight, outcome)

    def _handle(self, message: Any) -> Handling:
        try:
            self._host.behaviour.on_receive(message)
        except ENDS_PROCESS:
            raise
        except BaseException as error:
            return self._host.recover(message, error)
        return DONE

    def _count(self, message: Any) -> None:
        kind = type(message)
        self.handled[kind] = self.handled.get(kind, 0) + 1

    def _tell(self, what: Callable[..., None], *figures: Any) -> None:
        told = self.told  # others may be taken out, and this one told no more, while the actor blocks
        try:
            what(self._actor, *figures)
        except ENDS_PROCESS:
            raise
        except BaseException as error:
            self._take_out(told, error)


class Several:
    """Tells each of them, or nobody.

    Args:
        parts: the instruments, or their parts for an actor.
        take_out: is given one that raised, and what.
    """

    def __init__(self, parts: Sequence[Instrument], take_out: Callable[[Instrument, BaseException], None]) -> None:
        self._parts = parts
        self._take_out = take_out

    def before(self, actor: Reference, message: Any, waited_s: float, weight: int) -> None:
        """See ``Instrument.before``."""
        for each in self._parts:
            try:
                each.before(actor, message, waited_s, weight)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                self._take_out(each, error)

    def after(self, actor: Reference, message: Any, took_s: float, weight: int, outcome: Handling) -> None:
        """See ``Instrument.after``."""
        for each in self._parts:
            try:
                each.after(actor, message, took_s, weight, outcome)
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                self._take_out(each, error)
