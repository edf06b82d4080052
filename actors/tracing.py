"""Tracing of single payments across every hop: which are sampled, and where the trace lines go.

A payment is sampled by its id, so that every process decides alike, and the decision rides with the payment
(``Payment.traced_at_us``). What a message alone tells is recorded by an instrument; what only a behaviour knows, it
records itself, which costs an unsampled payment one truth test::

    if payment.traced_at_us:
        tracer.record(payment.payment_id, "intake.taken", verdict=verdict.name)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.messages.settling import Attempt, AttemptEnded

if TYPE_CHECKING:
    from actors.runtime.instruments import Handling
    from actors.runtime.reference import Reference

Sink = Callable[[dict[str, object]], None]
"""Takes one trace event: ``payment`` (hexadecimal id), ``hop``, the hop's own fields, and ``at_us`` (microseconds since
the Unix epoch) if it was earlier than now.
"""


class Hop(NamedTuple):
    """One kind of hop.

    Args:
        name: ``place.what``.
        parent: the hop that causes it; ``payment`` is the root of each trace, which nobody notes.
        place: who notes it: ``api`` or ``worker``.
        meaning: in words.
    """

    name: str
    parent: str
    place: str
    meaning: str


HOPS = {
    each.name: each
    for each in (
        Hop("api.request", "payment", "api", "a client's request, from its head to the answer"),
        Hop("bridge.out", "api.request", "api", "handed to the bridge; what follows it is linger, wire and mailbox"),
        Hop("intake.taken", "bridge.out", "worker", "the intake has decided on it"),
        Hop("journal.stored", "intake.taken", "worker", "the commit that put it on disk"),
        Hop("bridge.back", "intake.taken", "api", "the verdict is back"),
        Hop("backlog.wait", "intake.taken", "worker", "waited to be sent, from its taking or the attempt before"),
        Hop("payment.attempt", "backlog.wait", "worker", "a payment actor at work on it at a processor"),
        Hop("ledger.recorded", "payment.attempt", "worker", "in the books"),
        Hop("parked", "intake.taken", "worker", "given up until a person looks at it"),
        Hop("retried", "intake.taken", "worker", "a person lets a parked one try again"),
        Hop("purged", "intake.taken", "worker", "forgotten by a purge before it was settled"),
    )
}
"""Every hop by its name."""


class Tracer:
    """Samples payments and records their hops.

    Args:
        share: the share of payments to sample, 0 to 1.
        sink: called once per recorded hop.
    """

    def __init__(self, share: float = 0.0, sink: Sink = lambda event: None) -> None:
        self._threshold = int(share * 2**32)
        self._sink = sink

    def samples(self, payment_id: bytes) -> bool:
        """Whether this payment is to be traced, the same in every process.

        The last four bytes of the id decide: in every UUID version they are random or near enough.
        """
        return self._threshold > 0 and int.from_bytes(payment_id[-4:]) < self._threshold

    def record(self, payment_id: bytes, hop: str, **fields: object) -> None:
        """Record one hop of a sampled payment.

        Args:
            payment_id: the payment's 16 bytes.
            hop: ``place.what``, e.g. ``"intake.taken"``.
            fields: what is worth knowing there; JSON values.
        """
        self._sink({"payment": payment_id.hex(), "hop": hop, **fields})


class MessageTracing:
    """Records the hops between intake and payment actors (``actors.runtime.instruments.Instrument``).

    They are dated to when the message was sent. So the line of one hop may be written after that of the next.

    Args:
        tracer: records them.
        now_ns: the wall clock, in nanoseconds since the Unix epoch.
    """

    def __init__(self, tracer: Tracer, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._tracer = tracer
        self._now_ns = now_ns

    def before(self, actor: Reference, message: Any, waited_s: float) -> None:
        """Record the attempt's beginning or its end, if its payment is sampled."""
        match message:
            case Attempt() if message.payment.traced_at_us:
                self._record("intake.dispatched", message, waited_s)
            case AttemptEnded(_, attempt, outcome) if attempt.payment.traced_at_us:
                reason = getattr(outcome, "reason", None)
                fields = {"outcome": type(outcome).__name__.lower(), "reason": reason}
                self._record("payment.attempted", attempt, waited_s, **fields)

    def after(self, actor: Reference, message: Any, took_s: float, outcome: Handling) -> None:
        """Nothing: what follows is a message to somebody."""

    def _record(self, hop: str, attempt: Attempt, waited_s: float, **fields: object) -> None:
        self._tracer.record(
            attempt.payment.payment_id,
            hop,
            processor=attempt.processor,
            step=attempt.step.value,
            **fields,
            at_us=(self._now_ns() - round(waited_s * 1e9)) // 1000,
        )
