"""A blocking store beside a gevent hub: its calls run in a thread of their own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar, cast

import gevent
from gevent.threadpool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from actors.facts import FeedMark, JournalEntry, OpenPayment
    from actors.ports import Store
    from actors.values import Payment

_Result = TypeVar("_Result")

CALL_TIMEOUT_S = 15.0
"""A call that lasts longer is interrupted, if the store can do that. Statements in PostgreSQL end after 10 s, unless
the server itself stands still."""

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
        self._thread = ThreadPool(1)
        self._closed = False

    def epoch(self) -> int:
        """See ``Store.epoch``."""
        return self._run(self._store.epoch)

    def journal_id(self) -> bytes:
        """See ``Store.journal_id``."""
        return self._run(self._store.journal_id)

    def settled(self) -> Iterator[Sequence[tuple[bytes, int, str, int, int]]]:
        """See ``Store.settled``. Each chunk is fetched when it is asked for."""
        chunks = self._run(self._store.settled)

        def next_chunk() -> Sequence[tuple[bytes, int, str, int, int]] | None:
            return next(chunks, None)

        while (chunk := self._run(next_chunk)) is not None:
            yield chunk

    def open(self) -> list[OpenPayment]:
        """See ``Store.open``."""
        return self._run(self._store.open)

    def written_off(self) -> list[Payment]:
        """See ``Store.written_off``."""
        return self._run(self._store.written_off)

    def shard(self) -> int:
        """See ``Store.shard``."""
        return self._run(self._store.shard)

    def feed_mark(self) -> FeedMark:
        """See ``Store.feed_mark``."""
        return self._run(self._store.feed_mark)

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """See ``Store.append``."""
        self._run(lambda: self._store.append(entries))

    def check(self) -> None:
        """See ``Store.check``."""
        self._run(self._store.check)

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
                self._run(self._store.close)
        except gevent.Timeout:
            logger.warning("store.close_timeout", extra={"timeout_s": CLOSE_TIMEOUT_S})
        else:
            self._thread.kill()

    def _run(self, call: Callable[[], _Result]) -> _Result:
        def caught() -> tuple[_Result, None] | tuple[None, Exception]:
            # gevent would print the traceback of whatever is raised in a thread, besides raising it here.
            try:
                return call(), None
            except Exception as error:
                return None, error

        done = self._thread.spawn(caught)
        done.wait(CALL_TIMEOUT_S)
        if not done.ready():
            self._store.interrupt()
        outcome = done.get()
        assert outcome is not None  # it waits until there is one
        result, error = outcome
        if error is not None:
            raise error
        return cast("_Result", result)
