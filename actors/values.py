"""The values that messages carry, and that the bridge, the processors' clients and the stores exchange.

Immutable and free of behaviour. Money is integer cents, instants are integer milliseconds UTC, payment ids are the 16
bytes of the UUID. Named tuples, because they are made several times per payment and cost a third of a frozen dataclass.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Payment(NamedTuple):
    """A payment as the API took it.

    Args:
        payment_id: the 16 bytes of the client's ``correlationId``.
        amount_cents: amount in cents, > 0.
        traced_at_us: when the API took it, in microseconds since the Unix epoch, if its trace is sampled; 0 if not.
    """

    payment_id: bytes
    amount_cents: int
    traced_at_us: int = 0


class Verdict(IntEnum):
    """What became of a payment that was handed to the worker. The numbers are those of the bridge's frames."""

    TAKEN = 0
    """Held by the worker, now or already before: same id, same amount."""
    CONFLICT = 1
    """Refused: the id is known with another amount."""
    PURGED = 2
    """Not held: a purge overtook it."""
    WRITTEN_OFF = 3
    """Refused: a person has written it off, and it is never sent again."""


class Withheld(Enum):
    """Why nothing more is taken for now, though there may be room."""

    STORE_AWAY = "store_away"
    """What must be put on record can't be."""
    PROMISE_LOST = "promise_lost"
    """A bug has lost something that was promised: nothing more is promised in this process's life."""
    MEMORY_FULL = "memory_full"
    """The process has nearly used up what memory it may have."""


class Step(Enum):
    """What a payment actor is to do at the processor."""

    POST = "post"
    """A fresh attempt: post the payment."""
    LOOK_UP = "look-up"
    """Outcome unknown, processor unhealthy: only ask whether the payment is there."""
    RESOLVE = "resolve"
    """Outcome unknown: ask whether it is there, and if not post it again with the same ``requestedAt``."""


class Settled(NamedTuple):
    """The processor holds the payment; the values are those of its row."""

    amount_cents: int
    requested_at_ms: int


class Refused(NamedTuple):
    """Certainly not committed by this attempt.

    Args:
        reason: for people, e.g. ``"HTTP 500, empty body"``.
        permanent: the processor finds fault with the payment itself, so it needn't be offered there again.
        turned_away: it says nothing of the payment, but of the caller, the route or the moment, e.g. 401.
        at_processor: it is the processor's own answer (an empty 500), so the route to it is well.
    """

    reason: str
    permanent: bool = False
    turned_away: bool = False
    at_processor: bool = False


class Unknown(NamedTuple):
    """It may have been committed, or may yet be.

    Args:
        reason: for people, e.g. ``"no answer within 10 s"``.
        crashed: the payment actor failed on it; the processor is not to blame.
        denied: the answer was a 422, and no row was seen: the id may be there, or the payment isn't wanted.
    """

    reason: str
    crashed: bool = False
    denied: bool = False


class Absent(NamedTuple):
    """A look-up alone: the processor doesn't hold the payment now. A request in its delay there may commit it yet.

    Args:
        reason: for people, e.g. ``"HTTP 404"``.
        witnessed: a row that is known to be there was found right after it, and this one was not once more.
    """

    reason: str
    witnessed: bool = False


Outcome = Settled | Refused | Unknown


class Totals(NamedTuple):
    """What was settled at one processor."""

    requests: int
    amount_cents: int


Summary = dict[str, Totals]
"""By the processor's name, in the configured order; every processor is in it."""


class LedgerRow(NamedTuple):
    """One settled payment."""

    payment_id: bytes
    processor: str
    amount_cents: int
    requested_at_ms: int


class RowsPage(NamedTuple):
    """A part of the books. Rows keep their index for the length of an epoch.

    Args:
        epoch: whose books these are; if it changes between pages, start again.
        total: number of rows in the books now.
        rows: those asked for.
    """

    epoch: int
    total: int
    rows: Sequence[LedgerRow]


class HealthReport(NamedTuple):
    """A processor's own word about itself (``GET /payments/service-health``)."""

    failing: bool
    min_response_ms: int


class ProcessorHealth(NamedTuple):
    """What is known of one processor; routing decides on these alone.

    Args:
        name: the processor's name.
        fee_bps: its fee in basis points: 500 is 5 %.
        healthy: its circuit is closed.
        latency_ms: the latest estimate of its response time, 0 if nothing is known yet.
        stale: nothing recent backs ``latency_ms``.
    """

    name: str
    fee_bps: int
    healthy: bool = True
    latency_ms: float = 0.0
    stale: bool = False
