"""Who may purge and look inside: whoever knows the administrator's token, if there is one."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from rinha.api import problems

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from rinha.api.replies import Replies

    Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

SCHEME = "Bearer "


class AdminGuard:
    """Lets requests through to handlers that change or show more than a client needs.

    Args:
        token: what must come as ``Authorization: Bearer <token>`` (RFC 6750); empty lets everybody through.
        replies: makes the refusal.
    """

    def __init__(self, token: str, replies: Replies) -> None:
        self._expected = f"{SCHEME}{token}".encode()
        self._open = not token
        self._replies = replies

    def guard(self, handler: Handler) -> Handler:
        """Put the guard before a handler."""
        return handler if self._open else self._guarded(handler)

    def require(self, handler: Handler) -> Handler:
        """Put the guard before a handler that nobody reaches where there is no token."""
        return self._closed if self._open else self._guarded(handler)

    async def _closed(self, request: web.BaseRequest) -> web.StreamResponse:
        detail = "This says how a payment ended, for good. Set RINHA_ADMIN_TOKEN for the API, and send the token."
        return self._replies.problem(problems.NO_ADMINISTRATOR, detail)

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.BaseRequest) -> web.StreamResponse:
            given = request.headers.get("Authorization", "").encode(errors="surrogateescape")
            if hmac.compare_digest(given, self._expected):
                return await handler(request)
            detail = "Send the administrator's token as Authorization: Bearer <token>."
            return self._replies.problem(problems.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})

        return guarded
