"""Which payments go into which message. Sans I/O.

JetStream that syncs each message doesn't group commits itself: whatever the concurrency, it takes some thousands of
messages a second. So for each shard two messages at most are under way, and all that comes meanwhile goes into the
next.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from rinha.jetstream.batch import PAYMENTS_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

_Item = TypeVar("_Item")

UNDER_WAY_MAX = 2


class Grouping(Generic[_Item]):
    """The payments of one shard that aren't published yet."""

    def __init__(self) -> None:
        self._waiting: deque[_Item] = deque()
        self._under_way = 0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def add(self, item: _Item) -> None:
        """Let one wait for the next message."""
        self._waiting.append(item)

    def begin(self) -> Sequence[_Item]:
        """Those that go with the next message, in the order in which they came; none if it can't go yet."""
        if self._under_way == UNDER_WAY_MAX or not self._waiting:
            return ()
        self._under_way += 1
        return [self._waiting.popleft() for _ in range(min(PAYMENTS_MAX, len(self._waiting)))]

    def end(self) -> None:
        """A message isn't under way any more, however it went."""
        self._under_way -= 1

    def drop(self) -> Sequence[_Item]:
        """Give back all that wait: they have certainly not gone."""
        waiting, self._waiting = tuple(self._waiting), deque()
        return waiting
