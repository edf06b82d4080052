"""The endpoints that ask the worker, and the health of this process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from actors.messages import GetStatistics, Purge
from rinha.api import problems
from rinha.api.problems import RETRY_AFTER
from rinha.api.window import InvalidWindow, parse_window
from rinha.bridge.errors import BridgeError, RequestFailed, RequestTimeout

if TYPE_CHECKING:
    from aiohttp import web

    from actors.messages import Summary
    from rinha.api.bridge import Bridge
    from rinha.api.replies import Replies

logger = logging.getLogger(__name__)


class QuestionHandlers:
    """Everything but the taking of payments.

    Args:
        bridge: the way to the worker.
        replies: makes the responses.
        timeout_s: how long to wait for the worker's answer.
    """

    def __init__(self, bridge: Bridge, *, replies: Replies, timeout_s: float) -> None:
        self._bridge = bridge
        self._replies = replies
        self._timeout_s = timeout_s

    async def get_summary(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /payments-summary?from&to``."""
        query = request.query
        try:
            window = parse_window({name: query.getall(name) for name in query})
        except InvalidWindow as error:
            detail = "from and to may each be left out."
            return self._replies.problem(problems.INVALID_WINDOW, detail, errors=error.errors)
        try:
            summary = await self._bridge.ask(window, timeout_s=self._timeout_s)
        except BridgeError as error:
            return self._no_answer(error, repeat="Ask again.")
        return self._replies.json(_summary_document(summary))

    async def purge(self, request: web.BaseRequest) -> web.StreamResponse:
        """``POST /purge-payments``."""
        try:
            epoch = await self._bridge.ask(Purge(), timeout_s=self._timeout_s)
        except BridgeError as error:
            return self._no_answer(error, repeat="It may yet purge. To purge again is safe.")
        return self._replies.json({"status": "purged", "epoch": epoch})

    async def get_statistics(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /statistics``."""
        try:
            statistics = await self._bridge.ask(GetStatistics(), timeout_s=self._timeout_s)
        except BridgeError as error:
            return self._no_answer(error, repeat="Ask again.")
        return self._replies.json(statistics)

    async def get_live(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /health/live``: this process answers."""
        return self._replies.json({"status": "live"})

    async def get_ready(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /health/ready``: payments that are sent here can be taken."""
        if self._replies.draining:
            return self._unavailable("This API is shutting down.")
        if not self._bridge.ready:
            return self._unavailable("No session with the worker is open.")
        return self._replies.json({"status": "ready"})

    def _no_answer(self, error: BridgeError, *, repeat: str) -> web.Response:
        if isinstance(error, RequestTimeout):
            detail = f"The worker did not answer within {error.timeout_s:g} s. {repeat}"
            return self._replies.problem(problems.WORKER_TIMEOUT, detail)
        if isinstance(error, RequestFailed):
            logger.error("api.worker_failed", extra={"reason": error.reason})
            return self._replies.problem(problems.WORKER_FAILED, f"{error.reason}. {repeat}")
        return self._unavailable(f"No session with the worker is open, or it broke before the answer. {repeat}")

    def _unavailable(self, detail: str) -> web.Response:
        return self._replies.problem(problems.WORKER_UNAVAILABLE, detail, headers=RETRY_AFTER)


def _summary_document(summary: Summary) -> dict[str, dict[str, int | float]]:
    # The double nearest to a decimal of up to 15 digits prints as that decimal: exact below 10**15 cents.
    return {
        name: {"totalRequests": totals.requests, "totalAmount": totals.amount_cents / 100}
        for name, totals in summary.items()
    }
