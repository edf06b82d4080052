"""A blocking store beside a gevent hub: its calls run in a thread of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from gevent.threadpool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from actors.ports import Store
    from actors.values import JournalEntry, OpenPayment, Payment

_Result = TypeVar("_Result")


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

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """See ``Store.append``."""
        self._run(lambda: self._store.append(entries))

    def close(self) -> None:
        """See ``Store.close``: waits for the calls at work and ends the thread. No other call may follow."""
        if not self._closed:
            self._closed = True
            try:
                self._run(self._store.close)
            finally:
                self._thread.kill()

    def _run(self, call: Callable[[], _Result]) -> _Result:
        def caught() -> tuple[_Result, None] | tuple[None, Exception]:
            # gevent would print the traceback of whatever is raised in a thread, besides raising it here.
            try:
                return call(), None
            except Exception as error:
                return None, error

        result, error = self._thread.apply(caught)
        if error is not None:
            raise error
        return cast("_Result", result)
