"""Which workers are silent: they hold a shard, and do nothing. Sans I/O."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

SILENT_S = 5.0
"""A worker says every second that it is alive."""
LOOKS_APART_S = 2.0
"""Looks that are further apart don't count: then it was whoever looks, or the server, that stood still."""


class Silence:
    """What somebody who stands by has seen of the others.

    Args:
        now_s: the time, in seconds of a clock that never goes back.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._looked_s = float("-inf")
        self._since: dict[int, tuple[Hashable, float]] = {}

    def look(self, signs: Mapping[int, Hashable]) -> list[int]:
        """Look again.

        Args:
            signs: the last sign of life of each shard's worker, whatever that is.

        Returns:
            The shards whose worker has given no other sign for ``SILENT_S``, as far as was seen.
        """
        now_s = self._now_s()
        if now_s - self._looked_s > LOOKS_APART_S:
            self._since.clear()
        self._looked_s = now_s
        for shard, sign in signs.items():
            if self._since.get(shard, (None, 0.0))[0] != sign:
                self._since[shard] = sign, now_s
        return [shard for shard in signs if now_s - self._since[shard][1] >= SILENT_S]
