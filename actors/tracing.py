"""What each process notes of every payment: its hops, their table, and whoever keeps them.

A payment is a trace. A hop is something that happened to it in one process; `docs/tracing.md` has the same table with
each hop's fields. To note one costs as little as possible, because it is done for every payment::

    if recorder.active:
        recorder.note(payment_id, "ledger.recorded", recorder.now_ns(), 0, attempt, "ledger", fields)
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from typing import TypeAlias

Fields = Mapping[str, object]
"""What is worth knowing of a hop; JSON values. One object may serve many hops, so nobody changes it."""

Record: TypeAlias = "tuple[int, int, bytes, str, int, str, Fields | None]"
"""A hop: ``start_ns`` since the Unix epoch, ``took_ns``, the payment's 16 bytes, the hop's name, the number of the
attempt (0 where there is none), the actor's name (empty where there is none), and fields.

A bare tuple: tens of thousands are kept, and a named one costs 0.1 µs more to make.
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


class Recorder(Protocol):
    """Keeps hops. None of it blocks or raises, and one thread uses it."""

    active: bool
    """Whether anybody keeps anything: asked before each note, so that without it a hop costs a truth test."""

    def now_ns(self) -> int:
        """The wall clock, in nanoseconds since the Unix epoch."""
        ...

    def note(
        self,
        payment_id: bytes,
        hop: str,
        start_ns: int,
        took_ns: int = 0,
        attempt: int = 0,
        actor: str = "",
        fields: Fields | None = None,
    ) -> None:
        """Note one hop of a payment: see ``Record``."""
        ...

    def samples(self, payment_id: bytes) -> bool:
        """Whether this payment's hops are written as lines, by its id alone: the same in every process."""
        ...

    def trace(self, payment_id: bytes) -> None:
        """Write this payment's hops as lines from now on, though it may not be sampled here."""
        ...


class NotRecording:
    """Keeps nothing (``Recorder``): for what has no trace, and for tests."""

    active = False

    def now_ns(self) -> int:
        """The wall clock, in nanoseconds since the Unix epoch."""
        return time.time_ns()

    def note(
        self,
        payment_id: bytes,
        hop: str,
        start_ns: int,
        took_ns: int = 0,
        attempt: int = 0,
        actor: str = "",
        fields: Fields | None = None,
    ) -> None:
        """Nothing."""

    def samples(self, payment_id: bytes) -> bool:
        """None."""
        return False

    def trace(self, payment_id: bytes) -> None:
        """Nothing."""
