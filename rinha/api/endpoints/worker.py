"""The endpoints about the worker as a whole, and the health of this process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from actors.messages.people import Purge
from rinha.bridge.errors import BridgeError

if TYPE_CHECKING:
    from aiohttp import web

    from rinha.api.gateway import Gateway
    from rinha.api.replies import Replies

logger = logging.getLogger(__name__)


class WorkerHandlers:
    """What is asked of the worker as a whole.

    Args:
        gateway: the way to the worker.
        replies: makes the responses.
        timeout_s: how long to wait for the worker's answer.
    """

    def __init__(self, gateway: Gateway, *, replies: Replies, timeout_s: float) -> None:
        self._gateway = gateway
        self._replies = replies
        self._timeout_s = timeout_s

    async def purge(self, request: web.BaseRequest) -> web.StreamResponse:
        """``POST /purge-payments``."""
        try:
            epoch = await self._gateway.ask(Purge(), timeout_s=self._timeout_s)
        except BridgeError as error:
            return self._replies.no_answer(error, repeat="It may yet purge. To purge again is safe.")
        return self._replies.json({"status": "purged", "epoch": epoch})

    async def get_live(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /health/live``: this process answers."""
        return self._replies.json({"status": "live"})

    async def get_ready(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /health/ready``: payments that are sent here can be taken."""
        if self._replies.draining:
            return self._replies.unavailable("This API is shutting down.")
        if not self._gateway.ready:
            return self._replies.unavailable("No session with the worker is open.")
        return self._replies.json({"status": "ready"})
