"""A blocking history beside a gevent hub: its calls run in a thread of their own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import gevent

from actors.ports import StoreUnavailable
from rinha.store.one_thread import OneThread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from actors.ports import History
    from actors.values import LedgerRow, Totals

_Result = TypeVar("_Result")

CLOSE_TIMEOUT_S = 0.5
"""A process that ends waits no longer for a question that hangs."""

logger = logging.getLogger(__name__)


class ThreadpoolHistory:
    """``actors.ports.History`` for gevent: each call blocks the calling greenlet alone, and neither hub nor store.

    Calls run one after the other in one thread. One after ``close`` fails with ``StoreUnavailable``.

    Args:
        history: does the work; nobody else may use it.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._thread = OneThread(lambda: None)
        self._closed = False

    def totals(self, epoch: int, spans: Sequence[tuple[int, int]]) -> dict[str, Totals] | None:
        """See ``History.totals``."""
        return self._run(lambda: self._history.totals(epoch, spans))

    def rows(self, epoch: int, start: int, limit: int) -> list[LedgerRow] | None:
        """See ``History.rows``."""
        return self._run(lambda: self._history.rows(epoch, start, limit))

    def row(self, epoch: int, payment_id: bytes) -> LedgerRow | None:
        """See ``History.row``."""
        return self._run(lambda: self._history.row(epoch, payment_id))

    def close(self) -> None:
        """See ``History.close``: waits for the call at work and ends the thread.

        A call that lasts longer than ``CLOSE_TIMEOUT_S`` is left to itself; it ends with the process.
        """
        if self._closed:
            return
        self._closed = True
        try:
            with gevent.Timeout(CLOSE_TIMEOUT_S):
                self._thread.run(self._history.close)
        except gevent.Timeout:
            logger.warning("store.close_timeout", extra={"timeout_s": CLOSE_TIMEOUT_S})
        else:
            self._thread.end()

    def _run(self, call: Callable[[], _Result]) -> _Result:
        if self._closed:
            raise StoreUnavailable("the journal's history is closed")
        return self._thread.run(call)
