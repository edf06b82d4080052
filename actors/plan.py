"""How the actor system is to be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from actors.intake.backlog.parked import PARKING, Parking
from actors.intake.credits import WINDOW_MAX
from actors.ledger.timeline import BLOCK_ROWS
from actors.packed.id_map import RECORDS_PER_BUCKET
from actors.ports import SUM_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actors.intake.dispatch.routing import Policy
    from actors.values import ProcessorHealth

SESSIONS_MAX = 64
"""Bridge sessions at a time; with the pool it bounds what can be in a mailbox."""


START_ROWS = 20_000
"""Read in some tenths of a second. What is older is in the sums, and known by the journal."""


class Sizes(NamedTuple):
    """How much fits into one piece of what consists of pieces. Only the simulation has other sizes: it gets to edges.

    Args:
        bucket_records: ids in a bucket of an id map, on average.
        block_rows: rows in a block of a timeline.
        window_payments: unused credit of one session, at most.
        mailbox_messages: messages that a mailbox holds, beside those that the pool's attempts cause.
        sum_ms: how long the spans are whose sums the books hold: the store's.
        start_rows: rows that are read at the start, at most; the others are in the sums.
    """

    bucket_records: int = RECORDS_PER_BUCKET
    block_rows: int = BLOCK_ROWS
    window_payments: int = WINDOW_MAX
    mailbox_messages: int = SESSIONS_MAX * 64 + 1024
    sum_ms: int = SUM_MS
    start_rows: int = START_ROWS


SIZES = Sizes()


class Plan(NamedTuple):
    """How the system is to be.

    Args:
        processors: names and fees, in the order of summaries.
        policy: which processor gets a payment.
        pool_size: number of payment actors.
        backlog_max: payments held at most.
        durable: a payment is acknowledged once it is on disk; needs a store.
        settle_per_s: waiting payments that are sent per second at most.
        repeat_s: for so long after the start, what APIs sent to a worker before this one is looked for before it is
            sent.
        parking: when a payment is parked that is itself at fault.
        memory_payments: of so many payments at most ids and rows are held, if there is a store; of all others sums.
        sizes: how much fits into one piece.
    """

    processors: Sequence[ProcessorHealth]
    policy: Policy
    pool_size: int
    backlog_max: int
    durable: bool
    settle_per_s: float = math.inf
    repeat_s: float = 300.0
    parking: Parking = PARKING
    memory_payments: int = 500_000
    sizes: Sizes = SIZES
