"""A log of so many trace lines, for measuring ``rinha trace``: ``python -m tests.trace.made_log 1000000 > log``."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

from tests.trace.lines import settled, text, uuid

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER = b'payment-api-1     | {"level":"info","event":"api.ready","role":"payment-api-1","pid":7}\n'
BATCH = 50
"""Payments whose lines are mixed."""


def made_log(count: int, seed: int = 1) -> Iterator[bytes]:
    """Lines of payments that overlap, of processes that write in batches, with others between them."""
    drawn = random.Random(seed)
    made = number = 0
    while made < count:
        lines = []
        for _ in range(BATCH):
            number += 1
            backlog_ms, processor_ms = drawn.expovariate(1 / 5), drawn.expovariate(1 / 2)
            lines += settled(uuid(number), number * 0.4, backlog_ms=backlog_ms, processor_ms=processor_ms)
        drawn.shuffle(lines)
        lines = lines[: count - made]
        made += len(lines)
        yield text(lines, "payment-worker-1  | ")
        yield OTHER


def main() -> None:
    """Write it to stdout."""
    for chunk in made_log(int(sys.argv[1])):
        sys.stdout.buffer.write(chunk)


if __name__ == "__main__":
    main()
