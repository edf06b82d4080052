"""Why an API refuses payments, in words with figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rinha.answers.instants import instant
from rinha.bridge.errors import NoCreditReason

if TYPE_CHECKING:
    from rinha.bridge.protocol.wire.frames import Tally


def explain_refusal(reason: NoCreditReason, since_ms: int, tally: Tally) -> str:
    """Say why.

    Args:
        reason: the code.
        since_ms: since when, in milliseconds since the Unix epoch.
        tally: what the worker has said last of what it holds.
    """
    since = instant(since_ms)
    match reason:
        case NoCreditReason.FULL if tally.held < tally.backlog_max:
            return f"full: what is free of the worker's {tally.backlog_max:,} is granted already, since {since}"
        case NoCreditReason.FULL:
            return f"full ({tally.held:,} of {tally.backlog_max:,}) since {since}"
        case NoCreditReason.WORKER_AWAY:
            return f"the worker is away since {since}"
        case NoCreditReason.STORE_AWAY:
            return f"the worker's store is away since {since}: nothing can be put on record"
        case NoCreditReason.PROMISE_LOST:
            return f"the worker has lost something that it promised, and takes nothing more since {since}: restart it"
        case NoCreditReason.MEMORY_FULL:
            return f"the worker has used up its memory since {since}: give it more, purge, or restart it"
        case NoCreditReason.DRAINING:
            return f"this API is draining since {since}"
        case NoCreditReason.NATS_AWAY:
            return f"NATS is away since {since}"
        case NoCreditReason.NO_STREAM:
            return f"NATS has no stream for payments since {since}"
        case NoCreditReason.STREAM_FULL:
            return f"the stream of payments is full since {since}: the workers take less than comes"
