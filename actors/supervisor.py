"""Supervision: actors that are restarted in place, and the supervisor that starts, watches and stops them.

A Pykka actor that raises is gone, and its mailbox with it. Here a guard around the behaviour keeps the actor, its
references and its mailbox; only the behaviour is thrown away and made anew. A failing message is logged and counted, a
tell is tried up to three times where its behaviour allows that, and too many crashes end the process
(intensity as in Erlang/OTP's supervisors, for the system as a whole).
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, NamedTuple

import pykka

from actors.messages import AttemptEnded, PaymentRecorded, RecordingFailed, RecordPayment

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.ports import Behaviour, Clock

    Factory = Callable[["Reference"], Behaviour]

logger = logging.getLogger(__name__)

HANDLINGS_MAX = 3
"""How often one message is handled before it is given up: a payment that crashes its actor three times is parked."""

RESULTS = (AttemptEnded, RecordPayment, PaymentRecorded, RecordingFailed)
"""Messages that pass a mailbox's bound: each follows from an attempt that the pool's size bounds already."""


ENDS_PROCESS = (KeyboardInterrupt, SystemExit)
"""What the guard lets pass. ``gevent.Timeout`` and ``GreenletExit``, let out, would stop every actor."""


class ActorFailed(Exception):
    """An actor's behaviour raised while it handled an ask; the fault is the behaviour's."""


class StartFailed(Exception):
    """An actor did not start; the fault is its behaviour's, which is the exception's cause if it raised."""

    def __init__(self, name: str) -> None:
        super().__init__(f"actor {name!r} did not start")
        self.name = name


class MailboxFull(Exception):
    """A question found a full mailbox; the fault is whoever fills it faster than bounds allow."""


class Question(NamedTuple):
    """An asked message, so that the guard can tell it from a told one: its failure goes to whoever asked."""

    message: Any


class Ping(NamedTuple):
    """A question that the guard itself answers, with the actor's reference: it lives."""


class DeadLetters:
    """Counts and logs what could not be delivered."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def receive(self, actor: str, message: Any, reason: str) -> None:
        """Take a message that ``actor`` won't handle."""
        self.counts[type(message).__name__] += 1
        logger.error("actor.dead_letter", extra={"actor": actor, "letter": repr(message)[:500], "reason": reason})


class Reference:
    """An actor's address (``actors.ports.ActorReference``): valid across restarts, and telling it never raises.

    Args:
        name: the actor's name, for logs.
        ref: Pykka's own reference.
        capacity: messages its mailbox holds; what comes on top, but for ``RESULTS``, is a dead letter.
        dead_letters: where undeliverable messages go.
    """

    __slots__ = ("_capacity", "_dead_letters", "_qsize", "_ref", "name")

    def __init__(self, name: str, ref: pykka.ActorRef[Any], capacity: int, dead_letters: DeadLetters) -> None:
        self.name = name
        self._ref = ref
        self._capacity = capacity
        self._dead_letters = dead_letters
        self._qsize: Callable[[], int] = ref.actor_inbox.qsize  # type: ignore[attr-defined]  # every queue has it

    def tell(self, message: Any) -> None:
        """Put a message into the mailbox; if that is full or the actor has stopped, it becomes a dead letter."""
        if self._qsize() < self._capacity or isinstance(message, RESULTS):
            try:
                self._ref.tell(message)
                return
            except pykka.ActorDeadError:
                reason = "the actor has stopped"
        else:
            reason = f"the mailbox is full ({self._capacity}), which its bound should exclude"
        self._dead_letters.receive(self.name, message, reason)

    def ask(self, message: Any, *, timeout: float) -> Any:
        """Send a message and wait for the reply.

        Raises:
            pykka.Timeout: no reply within ``timeout`` seconds.
            pykka.ActorDeadError: the actor has stopped.
            MailboxFull: the mailbox is at its bound.
            ActorFailed: the behaviour raised; its exception is the cause. The actor goes on with a new behaviour.
        """
        if self._qsize() >= self._capacity:
            raise MailboxFull(self.name)
        return self._ref.ask(Question(message), block=True, timeout=timeout)

    def stop(self, timeout: float) -> bool:
        """Let the actor handle what its mailbox holds, then stop it.

        Returns:
            False if it was not alive any more.

        Raises:
            pykka.Timeout: it is still busy.
        """
        return self._ref.stop(block=True, timeout=timeout)


class SupervisedActor(pykka.Actor):
    """The guard: hosts a behaviour, and makes it anew when it raises. A runtime's actor class is mixed in.

    Args:
        name: for logs and statistics.
        factory: makes the behaviour, given the actor's own reference.
        capacity: the mailbox's bound.
        supervisor: told of every crash.
    """

    def __init__(self, name: str, factory: Factory, capacity: int, supervisor: Supervisor) -> None:
        super().__init__()
        self.reference = Reference(name, self.actor_ref, capacity, supervisor.dead_letters)
        self._name = name
        self._factory = factory
        self._supervisor = supervisor
        self._behaviour: Behaviour

    def on_start(self) -> None:
        """Make the behaviour. If that raises, Pykka logs it and the actor is dead: ``Supervisor.start`` notices."""
        try:
            self._make_behaviour()
        except ENDS_PROCESS:
            raise
        except BaseException as error:  # Pykka ends an actor properly for an Exception only
            self._supervisor.start_errors[self._name] = error
            raise StartFailed(self._name) from error

    def on_receive(self, message: Any) -> Any:
        """Let the behaviour handle a message; nothing that it raises ends the actor."""
        if type(message) is Question:
            return self._answer(message.message)
        for handling in range(1, HANDLINGS_MAX + 1):
            try:
                self._behaviour.on_receive(message)
                return None
            except ENDS_PROCESS:
                raise
            except BaseException as error:
                self._restart(message, error)
                if handling == HANDLINGS_MAX or not self._behaviour.may_retry(message):
                    self._give_up(message)
                    return None
        return None

    def _answer(self, message: Any) -> Any:
        if type(message) is Ping:
            return self.reference
        try:
            return self._behaviour.on_receive(message)
        except ENDS_PROCESS:
            raise
        except BaseException as error:
            self._restart(message, error)
            raise ActorFailed(f"{self._name}: {type(error).__name__}: {error}") from error

    def _make_behaviour(self) -> None:
        self._behaviour = self._factory(self.reference)
        self._behaviour.on_start()

    def _restart(self, message: Any, error: BaseException) -> None:
        self._supervisor.crashed(self._name, message, error)
        while not self._supervisor.escalated:
            try:
                self._make_behaviour()
                return
            except ENDS_PROCESS:
                raise
            except BaseException as again:
                self._supervisor.crashed(self._name, "on_start", again)

    def _give_up(self, message: Any) -> None:
        dealt_with = False
        try:
            dealt_with = self._behaviour.on_give_up(message)
        except ENDS_PROCESS:
            raise
        except BaseException as error:
            self._restart(message, error)
        if not dealt_with:
            self._supervisor.dead_letters.receive(self._name, message, "handling it failed")

    def _actor_loop_teardown(self) -> None:
        # Pykka drops told messages here without a word.
        pending = []
        while not self.actor_inbox.empty():
            pending.append(self.actor_inbox.get())
        for envelope in pending:
            if envelope.reply_to is None:
                self._supervisor.dead_letters.receive(self._name, envelope.message, "the actor has stopped")
            else:
                self.actor_inbox.put(envelope)
        super()._actor_loop_teardown()


class Supervisor:
    """Starts actors in order, counts their crashes, and stops them in reverse.

    Args:
        actor_type: the runtime's ``SupervisedActor``.
        clock: for the crash intensity.
        on_escalate: called once, when crashes pass the intensity; ends the process with a failure.
        crashes_max: so many crashes are borne …
        within_s: … within so many seconds, over all actors.
    """

    def __init__(
        self,
        actor_type: type[SupervisedActor],
        clock: Clock,
        on_escalate: Callable[[], None],
        *,
        crashes_max: int = 5,
        within_s: float = 30.0,
    ) -> None:
        self.dead_letters = DeadLetters()
        self.crashes: Counter[str] = Counter()
        self.escalated = False
        self.start_errors: dict[str, BaseException] = {}
        self._actor_type = actor_type
        self._clock = clock
        self._on_escalate = on_escalate
        self._crashes_max = crashes_max
        self._within_s = within_s
        self._recent: deque[float] = deque()
        self._started: list[Reference] = []

    def start(self, name: str, factory: Factory, *, capacity: int) -> Reference:
        """Start an actor, and see that it lives.

        Raises:
            StartFailed: it doesn't. Those started before go on; ``stop`` stops them.
        """
        started = self._actor_type.start(name, factory, capacity, self)
        try:
            reference: Reference = started.ask(Question(Ping()), block=True, timeout=5.0)
        except (pykka.ActorDeadError, pykka.Timeout) as error:
            raise StartFailed(name) from self.start_errors.pop(name, error)
        self._started.append(reference)
        return reference

    def crashed(self, name: str, message: Any, error: BaseException) -> None:
        """Take note of a crash; beyond the intensity, escalate."""
        self.crashes[name] += 1
        logger.error("actor.crashed", exc_info=error, extra={"actor": name, "letter": repr(message)[:500]})
        now_s = self._clock.monotonic_s()
        self._recent.append(now_s)
        while self._recent[0] <= now_s - self._within_s:
            self._recent.popleft()
        if len(self._recent) > self._crashes_max and not self.escalated:
            self.escalated = True
            logger.critical(
                "actor.intensity_exceeded", extra={"crashes": len(self._recent), "within_s": self._within_s}
            )
            self._on_escalate()

    def stop(self, timeout_s: float) -> None:
        """Stop all actors, the last started first, each after what its mailbox holds; one that hangs is left."""
        while self._started:
            reference = self._started.pop()
            try:
                reference.stop(timeout_s)
            except pykka.Timeout:
                logger.error("actor.stop_timeout", extra={"actor": reference.name})
