"""References to actors: addresses that stay valid across restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pykka

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.runtime.dead_letters import DeadLetters


class MailboxFull(Exception):
    """A question found a full mailbox; the fault is whoever fills it faster than bounds allow."""


class Bound(NamedTuple):
    """How much a mailbox holds.

    Args:
        messages: what comes on top of so many is a dead letter, …
        unbounded: … but for messages of these classes, whose number is bounded by other means.
    """

    messages: int
    unbounded: tuple[type, ...] = ()


class Asked(NamedTuple):
    """An asked message, so that the guard can tell it from a told one: its failure goes to whoever asked."""

    message: Any


class Ping(NamedTuple):
    """A question that the guard itself answers, with the actor's reference: it lives."""


class Reference:
    """An actor's address (an ``actors.recipient.Recipient``): valid across restarts, and telling it never raises.

    Args:
        name: the actor's name, for logs.
        ref: Pykka's own reference.
        bound: its mailbox's.
        dead_letters: where undeliverable messages go.
    """

    __slots__ = ("_capacity", "_dead_letters", "_ref", "_unbounded", "name", "skip", "stamp", "waiting")

    def __init__(self, name: str, ref: pykka.ActorRef[Any], bound: Bound, dead_letters: DeadLetters) -> None:
        self.name = name
        self.waiting: Callable[[], int] = ref.actor_inbox.qsize  # type: ignore[attr-defined]  # every queue has it
        """Tells how many messages are in the mailbox."""
        self._ref = ref
        self._capacity, self._unbounded = bound
        self._dead_letters = dead_letters
        self.stamp: Callable[[Any], Any] | None = None
        """For ``actors.runtime.instruments`` to set, from ``actors.runtime.sampling``; None while nobody measures. The
        mailbox then gets some messages as tuples, which no message is: an object of a class of its own would cost
        several times as much.
        """
        self.skip = 0
        """So many messages go as they are before the next one is stamped."""

    def tell(self, message: Any) -> None:
        """Put a message into the mailbox; if that is full or the actor has stopped, it becomes a dead letter."""
        if self.waiting() < self._capacity or isinstance(message, self._unbounded):
            try:
                self._ref.tell(message if self.stamp is None else self._letter(message, self.stamp))
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
        if self.waiting() >= self._capacity:
            raise MailboxFull(self.name)
        asked = Asked(message)
        letter = asked if self.stamp is None else self._letter(asked, self.stamp)
        return self._ref.ask(letter, block=True, timeout=timeout)

    def _letter(self, message: Any, stamp: Callable[[Any], Any]) -> Any:
        if self.skip:
            self.skip -= 1
            return message
        return stamp(message)

    def stop_soon(self) -> pykka.Future[bool]:
        """Let the actor handle what its mailbox holds, then stop it.

        Returns:
            Whether it was alive, once it has stopped.
        """
        return self._ref.stop(block=False)


def unstamped(letter: Any) -> Any:
    """The message of what a mailbox holds, stamped or not."""
    return letter[0] if type(letter) is tuple else letter
