"""The guard around an actor's behaviour: restart in place.

A Pykka actor that raises is gone, and its mailbox with it. Here the actor, its references and its mailbox stay; only
the behaviour is thrown away and made anew. A failing message is logged and counted, and a tell is tried up to three
times where its behaviour allows that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pykka

from actors.runtime.crashes import ENDS_PROCESS
from actors.runtime.observing import DONE, FAILED
from actors.runtime.reference import Asked, Bound, Ping, Reference, unstamped

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.runtime.behaviour import Behaviour
    from actors.runtime.crashes import Crashes
    from actors.runtime.dead_letters import DeadLetters
    from actors.runtime.instruments import Instruments
    from actors.runtime.observing import Handling

    Factory = Callable[[Reference], Behaviour]

HANDLINGS_MAX = 3
"""How often one message is handled before it is given up: a payment that crashes its actor three times is parked."""


class ActorFailed(Exception):
    """An actor's behaviour raised while it handled an ask; the fault is the behaviour's."""


class StartFailed(Exception):
    """An actor did not start; the fault is its behaviour's, which is the exception's cause if it raised."""

    def __init__(self, name: str) -> None:
        super().__init__(f"actor {name!r} did not start")
        self.name = name


class SupervisedActor(pykka.Actor):
    """The guard: hosts a behaviour, and makes it anew when it raises. A runtime's actor class is mixed in.

    Args:
        name: for logs and statistics.
        factory: makes the behaviour, given the actor's own reference.
        bound: the mailbox's.
        crashes: told of every crash.
        dead_letters: where a message goes that can't be handled.
        instruments: told before and after messages.
    """

    def __init__(
        self,
        name: str,
        factory: Factory,
        bound: Bound,
        crashes: Crashes,
        dead_letters: DeadLetters,
        instruments: Instruments,
    ) -> None:
        super().__init__()
        self.reference = Reference(name, self.actor_ref, bound, dead_letters)
        self._name = name
        self._factory = factory
        self._crashes = crashes
        self._dead_letters = dead_letters
        if instruments:
            # Chosen once, so that without instruments a message costs nothing for them.
            observed = instruments.observe(self.reference, self)
            self.on_receive = observed  # type: ignore[assignment, method-assign]  # the choice
        self.behaviour: Behaviour

    def on_start(self) -> None:
        """Make the behaviour. If that raises, Pykka logs it and the actor is dead: ``Supervisor.start`` notices."""
        try:
            self._make_behaviour()
        except ENDS_PROCESS:
            raise
        except BaseException as error:  # Pykka ends an actor properly for an Exception only
            self._crashes.at_start[self._name] = error
            raise StartFailed(self._name) from error

    def on_receive(self, message: Any) -> Any:
        """Let the behaviour handle a message; nothing that it raises ends the actor."""
        if type(message) is Asked:
            return self.answer(message.message)
        # The same stands in ``Instruments.observe``: a call more per message would be a tenth of the whole cost.
        try:
            self.behaviour.on_receive(message)
        except ENDS_PROCESS:
            raise
        except BaseException as error:
            self.recover(message, error)
        return None

    def recover(self, message: Any, error: BaseException) -> Handling:
        """See ``Host.recover``: the behaviour is made anew, and tries again where it allows that."""
        self._restart(message, error)
        for _ in range(HANDLINGS_MAX - 1):
            if not self.behaviour.may_retry(message):
                break
            try:
                self.behaviour.on_receive(message)
                return DONE
            except ENDS_PROCESS:
                raise
            except BaseException as again:
                # Only the first counted for the intensity: a poisonous message is one crash, however often it is tried.
                self._restart(message, again, counts=False)
        self._give_up(message)
        return FAILED

    def answer(self, message: Any) -> Any:
        """See ``Host.answer``."""
        if type(message) is Ping:
            return self.reference
        try:
            return self.behaviour.on_receive(message)
        except ENDS_PROCESS:
            raise
        except BaseException as error:
            self._restart(message, error)
            raise ActorFailed(f"{self._name}: {type(error).__name__}: {error}") from error

    def _make_behaviour(self) -> None:
        self.behaviour = self._factory(self.reference)
        self.behaviour.on_start()

    def _restart(self, message: Any, error: BaseException, *, counts: bool = True) -> None:
        self._crashes.note(self._name, message, error, counts=counts)
        while not self._crashes.escalated:
            try:
                self._make_behaviour()
                return
            except ENDS_PROCESS:
                raise
            except BaseException as again:
                self._crashes.note(self._name, "on_start", again)

    def _give_up(self, message: Any) -> None:
        dealt_with = False
        try:
            dealt_with = self.behaviour.on_give_up(message)
        except ENDS_PROCESS:
            raise
        except BaseException as error:
            self._restart(message, error)
        if not dealt_with:
            self._dead_letters.receive(self._name, message, "handling it failed")

    def _actor_loop_teardown(self) -> None:
        # Pykka drops told messages here without a word.
        pending = []
        while not self.actor_inbox.empty():
            pending.append(self.actor_inbox.get())
        for envelope in pending:
            if envelope.reply_to is None:
                self._dead_letters.receive(self._name, unstamped(envelope.message), "the actor has stopped")
            else:
                self.actor_inbox.put(envelope)
        super()._actor_loop_teardown()
