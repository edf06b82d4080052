"""The API as an aiohttp server: which handler answers what, and what happens to requests that none can answer.

It is a plain ``web.Server`` and not a ``web.Application``, because the latter lets nobody decide how broken HTTP and
failing handlers are answered, and a middleware that does the rest of it costs each payment a microsecond or two.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from aiohttp import hdrs, web

from rinha.api import problems
from rinha.api.admin import AdminGuard
from rinha.api.body import BodyReader
from rinha.api.connection import Connection
from rinha.api.endpoints.payments import PaymentHandler
from rinha.api.endpoints.summary import SummaryHandler
from rinha.api.endpoints.worker import WorkerHandlers
from rinha.api.open_connections import OpenConnections, connection_limit
from rinha.api.replies import Replies

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from actors.tracing import Tracer
    from rinha.api.gateway import Gateway

    Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class ApiServer(web.Server):
    """Makes a protocol object per connection; ``asyncio``'s ``create_server`` calls it.

    Args:
        routes: the handlers by path and method.
        bodies: reads requests' bodies.
        replies: makes the responses.
        connections: decides which of them have to go.
    """

    def __init__(
        self,
        routes: Mapping[str, Mapping[str, Handler]],
        bodies: BodyReader,
        replies: Replies,
        connections: OpenConnections,
    ) -> None:
        super().__init__(self._dispatch)
        self._open = connections
        self._routes = routes
        self._bodies = bodies
        self._replies = replies

    def __call__(self) -> web.RequestHandler:
        """Make the protocol of a new connection."""
        return Connection(self, self._replies, self._open)

    async def drain(self) -> None:
        """Tell clients with each reply that their connection is closed, and wait for bodies that are on their way."""
        self._replies.draining = True
        await self._bodies.wait_until_none_arrives()

    def _dispatch(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        if hdrs.UPGRADE in request.headers:
            # aiohttp has dropped what may have come behind it: better no answer to that than none for ever.
            request.protocol.close()
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
    connections_max: int | None = None,
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
        connections_max: how many may be open; as many as the limit of open files allows for if None.

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
    limit = connection_limit() if connections_max is None else connections_max
    return ApiServer(routes, bodies, replies, OpenConnections(asyncio.get_running_loop(), limit))
