"""What APIs sent to a worker before this one, as they tell it: a client may send it again, and this worker must not
take it for new.
"""

from __future__ import annotations

import logging

from actors.packed.id_map import ID_BYTES, IdMap

HOLD_S = 3.0
"""So long after a worker's start, all APIs that live have come to it: they dial again within 1 s. Until then it sends
nothing on that may be another API's."""
IDS_MAX = 500_000
"""What four busy APIs remember: 11 MB, and 1 s of the worker's time in small portions."""

logger = logging.getLogger(__name__)


class Earlier:
    """Ids that were sent to an earlier worker, and a pause at the start, until all APIs had time to tell theirs.

    It outlives the intake's restarts. Of a worker that nobody has told anything it costs a truth test.

    Args:
        started_s: when this worker started, on the monotonic clock.
        keep_s: for so long after its start ids are known.
    """

    def __init__(self, started_s: float, keep_s: float) -> None:
        self.is_holding = False
        """Whether new payments have to wait, until ``end_hold``."""
        self.doubts_all = False
        """Whether any payment may have been sent to an earlier worker: nobody can tell any more."""
        self._ids = IdMap()
        self._hold_until_s = started_s + HOLD_S
        self._keep_until_s = started_s + keep_s

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, payment_id: bytes) -> bool:
        return self._ids.get(payment_id) >= 0

    def learn(self, payment_ids: list[bytes], now_s: float) -> None:
        """An API has sent these before; there may be none, if it only had an earlier worker. To be told twice is fine.

        Args:
            payment_ids: the ids.
            now_s: the present, on the monotonic clock.
        """
        if now_s >= self._keep_until_s:
            return
        self.is_holding = self.is_holding or now_s < self._hold_until_s
        ids = self._ids
        for number, each in enumerate(payment_ids):
            if len(ids) >= IDS_MAX:
                logger.warning("intake.sent_before_forgotten", extra={"ids": len(payment_ids) - number})
                return
            if ids.get(each) < 0:
                ids.add(each, 0)

    def forget_aged(self, now_s: float) -> None:
        """Forget all when their time is over."""
        if now_s >= self._keep_until_s and self._ids:
            self._ids = IdMap()

    def forget(self) -> None:
        """There was a purge: from now on nothing that an earlier worker was sent counts."""
        self._ids = IdMap()
        self._keep_until_s = float("-inf")
        self.is_holding = self.doubts_all = False

    def hold_left_s(self, now_s: float) -> float:
        """How long new payments have to wait still, in seconds; 0 or less if no longer."""
        return self._hold_until_s - now_s

    def doubt_all(self) -> None:
        """The APIs have no more time to tell: what waits, and what comes still, is to be looked for."""
        self.is_holding = False
        self.doubts_all = True

    def end_hold(self) -> None:
        """What waited is let go."""
        self.is_holding = False


def split_ids(packed: bytes) -> list[bytes]:
    """Ids of 16 bytes that follow each other."""
    return [packed[start : start + ID_BYTES] for start in range(0, len(packed), ID_BYTES)]
