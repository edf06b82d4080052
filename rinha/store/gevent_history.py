"""A history beside a gevent hub: its calls run in a thread of their own, if they must, and in time."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, TypeVar

import gevent

from actors.ports import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from actors.ports import History
    from actors.values import LedgerRow, Totals
    from rinha.store.in_turn import InTurn
    from rinha.store.one_thread import OneThread

_Result = TypeVar("_Result")

TIMEOUT_S = 2.0
"""A question takes some milliseconds, if a person asks for rows some tenths of a second."""

CLOSE_TIMEOUT_S = 0.5
"""A process that ends waits no longer for a question that hangs."""

logger = logging.getLogger(__name__)


class GeventHistory:
    """``actors.ports.History`` for gevent: each call blocks the calling greenlet alone, and neither hub nor store.

    Calls run one after the other. One after ``close`` fails with ``StoreUnavailable``. So does one that
    has no answer in time, and for a while each that comes then: few questions are answered at a time, and those about
    other things must not wait behind a database that stands still.

    Args:
        history: does the work; nobody else may use it.
        place: where its calls are made.
        timeout_s: how long a call may wait and last, in seconds; and for how long nobody is let in after one that did.
    """

    blocks_thread = False

    def __init__(self, history: History, place: OneThread | InTurn, timeout_s: float = TIMEOUT_S) -> None:
        self._history = history
        self._place = place
        self._timeout_s = timeout_s
        self._shut_until_s = -math.inf
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
        """See ``History.close``: waits for the call at work.

        A call that lasts longer than ``CLOSE_TIMEOUT_S`` is left to itself; it ends with the process.
        """
        if self._closed:
            return
        self._closed = True
        try:
            with gevent.Timeout(CLOSE_TIMEOUT_S):
                self._place.run(self._history.close)
        except gevent.Timeout:
            logger.warning("store.close_timeout", extra={"timeout_s": CLOSE_TIMEOUT_S})
        else:
            self._place.end()

    def _run(self, call: Callable[[], _Result]) -> _Result:
        if self._closed:
            raise StoreUnavailable("the journal's history is closed")
        if time.monotonic() < self._shut_until_s:
            raise StoreUnavailable("the journal has not answered the question before; ask again soon")
        timeout = gevent.Timeout(self._timeout_s)
        try:
            with timeout:
                return self._place.run(call)
        except gevent.Timeout as error:
            if error is not timeout:
                raise
            self._shut_until_s = time.monotonic() + self._timeout_s
            raise StoreUnavailable(f"the journal has not answered within {self._timeout_s:g} s") from None
