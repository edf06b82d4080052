"""The worker's answers to the APIs' questions, each in a greenlet of its own. Runs on gevent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
from gevent.lock import BoundedSemaphore
from gevent.pool import Group

if TYPE_CHECKING:
    from collections.abc import Callable

    from rinha.bridge.protocol.worker.pending import PendingRequest

ANSWERS_AT_ONCE = 8
"""More would only make each of them slower: the actors behind answer one at a time."""
FAILURES = (Exception, gevent.Timeout)
"""``gevent.Timeout`` is no ``Exception``."""


class Questions:
    """Answers requests.

    Args:
        answer: the reply to a question; may block or raise.
    """

    def __init__(self, answer: Callable[[object], object]) -> None:
        self._answer = answer
        self._turns = BoundedSemaphore(ANSWERS_AT_ONCE)
        self._greenlets = Group()

    def ask(self, request: PendingRequest) -> None:
        """Reply to a request as soon as the answer is there; doesn't wait for it."""
        self._greenlets.spawn(self._carry_out, request)

    def stop(self) -> None:
        """Leave all requests without a reply."""
        self._greenlets.kill()

    def _carry_out(self, request: PendingRequest) -> None:
        with self._turns:
            request.carry_out(self._answer, failures=FAILURES)
