"""A blocking store beside a gevent hub: its calls run in a thread of their own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import gevent

from rinha.store.gevent_history import GeventHistory
from rinha.store.in_turn import InTurn
from rinha.store.one_thread import OneThread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actors.facts import FeedMark, JournalEntry, Known, OpenPayment, SpanSum
    from actors.ports import Store
    from actors.values import Payment

CLOSE_TIMEOUT_S = 0.5
"""A process that ends waits no longer for a store that hangs."""

logger = logging.getLogger(__name__)


class ThreadpoolStore:
    """``actors.ports.Store`` for gevent: each call blocks the calling greenlet alone, and the hub never.

    All calls, of whichever greenlet, run one after the other in one thread, as a database's connection wants it. A
    greenlet that is killed or timed out while it waits leaves its call running: what it appended may get written.

    Args:
        store: does the work; nobody else may use it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = OneThread(store.interrupt)
        self._closed = False

    def epoch(self) -> int:
        """See ``Store.epoch``."""
        return self._thread.run(self._store.epoch)

    def journal_id(self) -> bytes:
        """See ``Store.journal_id``."""
        return self._thread.run(self._store.journal_id)

    def sums(self) -> Sequence[SpanSum]:
        """See ``Store.sums``."""
        return self._thread.run(self._store.sums)

    def settled(self, from_ms: int | None = None) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        """See ``Store.settled``. Each chunk is fetched when it is asked for."""
        chunks = self._thread.run(lambda: self._store.settled(from_ms))

        def next_chunk() -> Sequence[tuple[bytes, int, str, int, int]] | None:
            return next(chunks, None)

        while (chunk := self._thread.run(next_chunk)) is not None:
            yield chunk

    def open(self) -> list[OpenPayment]:
        """See ``Store.open``."""
        return self._thread.run(self._store.open)

    def written_off(self) -> list[Payment]:
        """See ``Store.written_off``."""
        return self._thread.run(self._store.written_off)

    def shard(self) -> int:
        """See ``Store.shard``."""
        return self._thread.run(self._store.shard)

    def feed_mark(self) -> FeedMark:
        """See ``Store.feed_mark``."""
        return self._thread.run(self._store.feed_mark)

    def keep_place(self) -> None:
        """See ``Store.keep_place``."""
        self._thread.run(self._store.keep_place)

    def append(self, entries: Sequence[JournalEntry]) -> Sequence[Known]:
        """See ``Store.append``."""
        return self._thread.run(lambda: self._store.append(entries))

    def history(self) -> GeventHistory:
        """See ``Store.history``: no commit waits behind its questions, which get a thread if they must."""
        history = self._store.history()
        return GeventHistory(history, OneThread() if history.blocks_thread else InTurn())

    def check(self) -> None:
        """See ``Store.check``."""
        self._thread.run(self._store.check)

    def interrupt(self) -> None:
        """See ``Store.interrupt``."""
        self._store.interrupt()

    def close(self) -> None:
        """See ``Store.close``: waits for the call at work and ends the thread. No other call may follow.

        A call that lasts longer than ``CLOSE_TIMEOUT_S`` is left to itself; it ends with the process.
        """
        if self._closed:
            return
        self._closed = True
        try:
            with gevent.Timeout(CLOSE_TIMEOUT_S):
                self._thread.run(self._store.close)
        except gevent.Timeout:
            logger.warning("store.close_timeout", extra={"timeout_s": CLOSE_TIMEOUT_S})
        else:
            self._thread.end()
