"""Clients at a rate that no answer slows down; each posts its payment again until it is told what becomes of it."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.load import Load

OPEN_MAX = 4000
"""Clients at a time. At 200/s that is 20 s without any answer; whoever comes on top of it is counted and goes away."""

AGAIN_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Pauses before a payment is posted again; then its client gives up."""

DECIDED = frozenset({202, 400, 409})


class Clients:
    """Clients that come at a steady rate.

    Args:
        load: what they post with.
        apis: how many APIs there are; a client asks any of them.
        per_s: how many come in a second.
    """

    def __init__(self, load: Load, apis: int, per_s: float) -> None:
        self.sent = self.turned_away = self.gave_up = 0
        self.longest_gap_s = 0.0
        """Between two payments that were taken."""
        self._load = load
        self._apis = apis
        self._per_s = per_s
        self._open: set[asyncio.Task[None]] = set()
        self._taken_at_s = time.monotonic()

    async def come(self, last_s: float) -> None:
        """Let clients come for so many seconds, and wait for the last one."""
        begun_s = time.monotonic()
        for number in range(int(last_s * self._per_s)):
            await asyncio.sleep(max(0.0, begun_s + number / self._per_s - time.monotonic()))
            if len(self._open) >= OPEN_MAX:
                self.turned_away += 1
                continue
            self.sent += 1
            task = asyncio.create_task(self._client())
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        if self._open:
            await asyncio.wait(self._open)

    async def _client(self) -> None:
        payment_id = uuid.uuid4()
        for pause_s in (*AGAIN_S, 0.0):
            status = await self._load.post(random.randrange(self._apis), payment_id)
            if status == 202:
                now_s = time.monotonic()
                self.longest_gap_s = max(self.longest_gap_s, now_s - self._taken_at_s)
                self._taken_at_s = now_s
            if status in DECIDED:
                return
            await asyncio.sleep(pause_s)
        self.gave_up += 1
