"""The ids that an API has sent of late: what it tells a new worker, which knows nothing of the one before it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rinha.bridge.protocol.wire.frames import ID_BYTES, MAX_SENT_IDS, MAX_SENT_IDS_PER_FRAME

if TYPE_CHECKING:
    from collections.abc import Callable


class _Block:
    """Ids one after the other, all sent to the same worker, and when the last of them was."""

    __slots__ = ("ids", "incarnation", "last_s")

    def __init__(self, incarnation: int) -> None:
        self.ids = bytearray()
        self.incarnation = incarnation
        self.last_s = 0.0


class Sent:
    """Ids in blocks of 32 KiB, which age and are dropped as one; some 2 MB in all.

    Args:
        keep_s: how long an id is remembered at least, in seconds, unless there are too many.
        monotonic_s: the monotonic clock.
        ids_max: ids remembered at most; beyond it the oldest block goes.
    """

    def __init__(self, keep_s: float, monotonic_s: Callable[[], float], *, ids_max: int = MAX_SENT_IDS) -> None:
        self.dropped = 0
        """Ids that went before their time, since there were too many."""
        self._keep_s = keep_s
        self._monotonic_s = monotonic_s
        self._ids_max = ids_max
        self._block_bytes = min(MAX_SENT_IDS_PER_FRAME, ids_max) * ID_BYTES
        self._full: deque[_Block] = deque()
        self._bytes_in_full = 0
        self._newest = _Block(0)
        self._had_another = False

    def __len__(self) -> int:
        return (self._bytes_in_full + len(self._newest.ids)) // ID_BYTES

    def add(self, payment_id: bytes) -> None:
        """Remember an id that goes to the worker that was met last."""
        block = self._newest
        if len(block.ids) >= self._block_bytes:
            block = self._begin(block.incarnation)
        block.ids += payment_id
        block.last_s = self._monotonic_s()

    def meet(self, incarnation: int) -> list[bytes]:
        """A session with a worker has begun.

        Args:
            incarnation: the worker's.

        Returns:
            Packed ids that were sent to others before it, the newest first; one empty run if there were others but
            nothing is remembered, and nothing at all if it is the only worker so far.
        """
        present = self._newest.incarnation
        if present != incarnation:
            self._had_another = self._had_another or present != 0
            self._begin(incarnation)
        if not self._had_another:
            return []
        self._drop_aged()
        return [bytes(each.ids) for each in reversed(self._full) if each.incarnation != incarnation] or [b""]

    def forget(self) -> None:
        """There was a purge: whatever was sent before it is nothing that could settle twice."""
        self._full.clear()
        self._bytes_in_full = 0
        self._newest = _Block(self._newest.incarnation)

    def _begin(self, incarnation: int) -> _Block:
        full, self._newest = self._newest, _Block(incarnation)
        if full.ids:
            self._full.append(full)
            self._bytes_in_full += len(full.ids)
        self._drop_aged()
        while self._bytes_in_full + self._block_bytes > self._ids_max * ID_BYTES and self._full:
            self.dropped += self._drop_oldest()
        return self._newest

    def _drop_aged(self) -> None:
        aged_s = self._monotonic_s() - self._keep_s
        while self._full and self._full[0].last_s < aged_s:
            self._drop_oldest()

    def _drop_oldest(self) -> int:
        dropped = len(self._full.popleft().ids)
        self._bytes_in_full -= dropped
        return dropped // ID_BYTES
