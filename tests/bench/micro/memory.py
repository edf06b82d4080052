"""What settled payments add to a worker's memory, in a process of its own.

``python -m tests.bench.micro.memory books|dedup|both PAYMENTS`` imports what the worker imports, then takes and settles
payments with the worker's own objects, and prints by how many bytes its resident memory grew.
"""

from __future__ import annotations

import gc
import resource
import sys
from collections import deque
from pathlib import Path

import rinha.worker.main  # noqa: F401  # the empty worker: its libraries count as its own
from actors.intake.backlog.backlog import Backlog
from actors.ledger.book import Book
from actors.values import Payment
from tests.bench.micro.settled import PROCESSORS, settled

IN_FLIGHT = 64
"""Payments that are taken and not settled yet."""


def grow(parts: str, payments: int) -> int:
    """Take and settle so many payments.

    Args:
        parts: ``books``, ``dedup`` (the intake's memory of ids) or ``both``.
        payments: how many.

    Returns:
        Bytes of resident memory more than before.
    """
    book, backlog = Book(PROCESSORS), Backlog(PROCESSORS)
    in_flight: deque[bytes] = deque()
    gc.collect()
    before = resident_bytes()
    for row in settled(payments):
        if parts != "books":
            backlog.take(Payment(row.payment_id, row.amount_cents), 0.0)
            backlog.newly_taken.clear()
            backlog.dispatch(backlog.heads(0.0)[0], row.processor, row.requested_at_ms)
            in_flight.append(row.payment_id)
            if len(in_flight) > IN_FLIGHT:
                backlog.settle(in_flight.popleft())
        if parts != "dedup":
            book.record(row, 0)
    gc.collect()
    return resident_bytes() - before


def resident_bytes() -> int:
    """What of this process is in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    print(grow(sys.argv[1], int(sys.argv[2])))
