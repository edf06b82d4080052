"""The API as an aiohttp server: which handler answers what, and what happens to requests that none can answer.

It is a plain ``web.Server`` and not a ``web.Application``, because the latter lets nobody decide how broken HTTP and
failing handlers are answered, and a middleware that does the rest of it costs each payment a microsecond or two.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web

from rinha.api import problems
from rinha.api.admin import AdminGuard
from rinha.api.body import BodyReader, ClientGone
from rinha.api.endpoints.payments import PaymentHandler
from rinha.api.endpoints.summary import SummaryHandler
from rinha.api.endpoints.worker import WorkerHandlers
from rinha.api.replies import Replies

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from actors.tracing import Tracer
    from rinha.api.gateway import Gateway

    Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

logger = logging.getLogger(__name__)

CONNECTION_OPTIONS: dict[str, Any] = {
    "access_log": None,
    # Longer than a balancer keeps an idle connection, so that it is never us who closes one under its next request.
    "keepalive_timeout": 75.0,
    # How long the rest of a refused body is read and dropped, so that the client gets to read the refusal.
    "lingering_time": 2.0,
    # A body is at most 4 KiB on the wire and after; a compressed one is refused.
    "auto_decompress": False,
}


class ApiServer(web.Server):
    """Makes a protocol object per connection; ``asyncio``'s ``create_server`` calls it.

    Args:
        routes: the handlers by path and method.
        bodies: reads requests' bodies.
        replies: makes the responses.
    """

    def __init__(self, routes: Mapping[str, Mapping[str, Handler]], bodies: BodyReader, replies: Replies) -> None:
        super().__init__(self._dispatch)
        self._routes = routes
        self._bodies = bodies
        self._replies = replies

    def __call__(self) -> web.RequestHandler:
        """Make the protocol of a new connection."""
        return Connection(self, self._replies)

    async def drain(self) -> None:
        """Tell clients with each reply that their connection is closed, and wait for bodies that are on their way."""
        self._replies.draining = True
        await self._bodies.wait_until_none_arrives()

    def _dispatch(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        methods = self._routes.get(request.path)
        if methods is None:
            return self._not_found(request)
        return methods.get(request.method, self._method_not_allowed)(request)

    async def _not_found(self, request: web.BaseRequest) -> web.StreamResponse:
        path = problems.shorten(request.path)
        return self._replies.problem(problems.NOT_FOUND, f"The API has no path {path}.")

    async def _method_not_allowed(self, request: web.BaseRequest) -> web.StreamResponse:
        allowed = ", ".join(self._routes[request.path])
        return self._replies.problem(problems.METHOD_NOT_ALLOWED, f"Use one of {allowed}.", headers={"Allow": allowed})


class Connection(web.RequestHandler):
    """One client's connection, which turns broken HTTP and failures of handlers into problem documents."""

    __slots__ = ("_replies",)

    def __init__(self, server: web.Server, replies: Replies) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **CONNECTION_OPTIONS)
        self._replies = replies

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Called by aiohttp with 400 if the client's bytes are no HTTP, and otherwise if a handler raised.

        Raises:
            ConnectionError: nothing can be answered any more; the connection is dropped.
        """
        if isinstance(exc, ClientGone):
            raise exc
        if status == problems.MALFORMED_HTTP.status:
            logger.debug("api.malformed_http", extra={"reason": message})
            response = self._replies.problem(
                problems.MALFORMED_HTTP,
                "The server could not read the request.",
                reason=problems.shorten(message or ""),
            )
        else:
            logger.error("api.handler_failed", exc_info=exc or True, extra={"path": request.path})
            response = self._replies.problem(
                problems.INTERNAL_ERROR, "It may or may not have taken effect. The log says more."
            )
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the response is already sent")
        response.force_close()
        return response


def make_server(
    gateway: Gateway,
    *,
    accept: Literal["queued", "received", "durable"],
    name: str,
    tracer: Tracer,
    admin_token: str = "",
    ask_timeout_s: float = 5.0,
    repeat_s: float = 300.0,
    body_timeout_s: float = 5.0,
) -> ApiServer:
    """Put the API together. Must be called on the event loop that is to run it.

    Args:
        gateway: the way to the worker.
        accept: what a 202 means: see ``RINHA_ACCEPT``; ``queued`` is answered without waiting for the worker.
        name: sent as ``X-Served-By`` with each reply.
        tracer: which payments to trace.
        admin_token: what purging and statistics need; nothing if empty.
        ask_timeout_s: how long to wait for the worker's answer to a question.
        repeat_s: how long an id is known as sent before, after a restart of a worker that isn't durable.
        body_timeout_s: within which a request's body must have arrived.

    Raises:
        ValueError: the name can't stand in an HTTP header.
    """
    bodies, replies = BodyReader(body_timeout_s), Replies(name)
    payments = PaymentHandler(gateway, accept=accept, repeat_s=repeat_s, bodies=bodies, replies=replies, tracer=tracer)
    summary = SummaryHandler(gateway, replies=replies, timeout_s=ask_timeout_s)
    worker = WorkerHandlers(gateway, replies=replies, timeout_s=ask_timeout_s)

    admin = AdminGuard(admin_token, replies)
    purge = admin.guard(worker.purge)

    def get(handler: Handler) -> dict[str, Handler]:
        return {"GET": handler, "HEAD": handler}

    routes: dict[str, dict[str, Handler]] = {
        "/payments": {"POST": payments.post},
        "/payments-summary": get(summary.get),
        "/purge-payments": {"POST": purge, "DELETE": purge},
        "/statistics": get(admin.guard(worker.get_statistics)),
        "/health/live": get(worker.get_live),
        "/health/ready": get(worker.get_ready),
    }
    return ApiServer(routes, bodies, replies)
