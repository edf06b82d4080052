"""What the actors need of the world, as Protocols: whoever composes them decides what stands behind.

In the worker it is gevent, the system's clocks and HTTP; on the deterministic scheduler it is all simulated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from actors.messages import HealthReport, Payment, Refused, Settled, Unknown


class Recipient(Protocol):
    """Somebody who can be told things: an actor's reference, or a bridge session."""

    def tell(self, message: Any) -> None:
        """Put a message into the mailbox. Never blocks; what can't be delivered becomes a dead letter."""
        ...


class ActorReference(Recipient, Protocol):
    """A reference to an actor, which can be asked as well."""

    def ask(self, message: Any, *, timeout: float) -> Any:
        """Send a message and wait for the reply.

        Raises:
            pykka.Timeout: no reply within ``timeout`` seconds.
            pykka.ActorDeadError: the actor has stopped.
            Exception: whatever the actor raised.
        """
        ...


class Behaviour(Protocol):
    """What an actor does: the runtime gives it a mailbox, one message at a time, and a guard.

    A behaviour that raises is thrown away and made anew by its factory; its mailbox and references stay. What must
    survive that is a plain object that the factory passes in again.
    """

    def on_start(self) -> None:
        """Called before the first message, and again each time the behaviour was made anew."""
        ...

    def on_receive(self, message: Any) -> Any:
        """Handle one message; what is returned answers an ask."""
        ...

    def on_give_up(self, message: Any) -> bool:
        """Called on the new behaviour for a message that is not to be tried again.

        Returns:
            Whether it was dealt with. If not, it becomes a dead letter.
        """
        ...

    def may_retry(self, message: Any) -> bool:
        """Whether a message that failed may be handled again by the new behaviour."""
        ...


class Clock(Protocol):
    """Two clocks: one for what people and processors see, one for waiting."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC. May jump."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since some fixed point. Never jumps."""
        ...


class Timers(Protocol):
    """Messages for later."""

    def tell_after(self, delay_s: float, recipient: Recipient, message: Any) -> None:
        """Tell ``recipient`` the message once ``delay_s`` seconds of monotonic time have passed."""
        ...


class ProcessorClient(Protocol):
    """The HTTP API of one payment processor. Calls block the calling actor alone, and never raise for what the
    processor or the network does.
    """

    def post(self, payment: Payment, requested_at_ms: int) -> Settled | Refused | Unknown:
        """``POST /payments``.

        A 422 (already committed there) is followed by a look-up, because the row tells which attempt it was.

        Returns:
            ``Settled`` for a 200 (with the values sent) and for a 422 whose row was read (with the row's values);
            ``Refused`` if certainly not committed by this call: an empty 500, 429, no connection, any other 4xx
            (``permanent``); ``Unknown`` otherwise.
        """
        ...

    def find(self, payment_id: bytes) -> Settled | Refused | Unknown:
        """``GET /payments/{id}``.

        Returns:
            ``Settled`` with the row's values; ``Refused`` if the processor answered that there is none now (404);
            ``Unknown`` if there was no usable answer.
        """
        ...

    def health(self) -> HealthReport | None:
        """``GET /payments/service-health``, or None without a usable answer. The caller keeps to one call per 5 s."""
        ...
