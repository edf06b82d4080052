"""References to actors, and what becomes of a message that can't be delivered."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pykka

from actors.messages import (
    AttemptEnded,
    PaymentRecorded,
    RecordingFailed,
    RecordPayment,
    SessionClosed,
    Wake,
    WorkerReady,
)

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

UNBOUNDED = (AttemptEnded, RecordPayment, PaymentRecorded, RecordingFailed, Wake, WorkerReady, SessionClosed)
"""Messages that pass a mailbox's bound: their number follows from the pool's size and the number of sessions."""


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
        """Take a message that ``actor`` won't handle. A timer that goes off after its actor's end is none."""
        if isinstance(message, Wake):
            return
        self.counts[type(message).__name__] += 1
        logger.error("actor.dead_letter", extra={"actor": actor, "letter": repr(message)[:500], "reason": reason})


class Reference:
    """An actor's address (``actors.ports.ActorReference``): valid across restarts, and telling it never raises.

    Args:
        name: the actor's name, for logs.
        ref: Pykka's own reference.
        capacity: messages its mailbox holds; what comes on top, but for ``UNBOUNDED``, is a dead letter.
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
        if self._qsize() < self._capacity or isinstance(message, UNBOUNDED):
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

    def stop_soon(self) -> pykka.Future[bool]:
        """Let the actor handle what its mailbox holds, then stop it.

        Returns:
            Whether it was alive, once it has stopped.
        """
        return self._ref.stop(block=False)
