"""The API as an aiohttp server: which handler answers what, and what happens to requests that none can answer.

It is a plain ``web.Server`` and not a ``web.Application``, because the latter lets nobody decide how broken HTTP and
failing handlers are answered, and a middleware that does the rest of it costs each payment a microsecond or two.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Literal

from aiohttp import hdrs, web

from rinha.api import problems
from rinha.api.admin import AdminGuard
from rinha.api.body import BodyReader
from rinha.api.connection import Connection
from rinha.api.cross_site import is_cross_site
from rinha.api.endpoints.closing import ClosingHandlers
from rinha.api.endpoints.dashboard import DashboardHandlers
from rinha.api.endpoints.inquiries import InquiryHandlers, by_whole_id
from rinha.api.endpoints.metrics import MetricsHandlers
from rinha.api.endpoints.overview import OverviewHandlers
from rinha.api.endpoints.payments import PaymentHandler
from rinha.api.endpoints.processes import ProcessHandlers
from rinha.api.endpoints.summary import SummaryHandler
from rinha.api.endpoints.taking import PaymentTaker
from rinha.api.endpoints.worker import WorkerHandlers
from rinha.api.lane import Lane
from rinha.api.open_connections import OpenConnections, connection_limit
from rinha.api.process import ApiProcess
from rinha.api.replies import Replies

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from actors.tracing import Recorder
    from rinha.api.gateway import Gateway

    Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

ACTING = frozenset({"POST", "DELETE"})
"""The methods with which something is done. To ask is no harm: a browser lets no page read another site's answer."""


class ApiServer(web.Server):
    """Makes a protocol object per connection; ``asyncio``'s ``create_server`` calls it.

    Args:
        routes: the handlers by path and method. In a path ``*`` stands for any second part, like that of
            ``/payments/<id>`` and ``/payments/<id>/settled``.
        taker: takes payments that come the short way, past all handlers.
        bodies: reads requests' bodies.
        replies: makes the responses.
        connections: decides which of them have to go.
    """

    def __init__(
        self,
        routes: Mapping[str, Mapping[str, Handler]],
        taker: PaymentTaker,
        bodies: BodyReader,
        replies: Replies,
        connections: OpenConnections,
    ) -> None:
        super().__init__(self._dispatch)
        self._taker = taker
        self._lane = Lane()
        self._open = connections
        self._routes = routes
        self._bodies = bodies
        self._replies = replies

    def __call__(self) -> web.RequestHandler:
        """Make the protocol of a new connection."""
        return Connection(self, self._replies, self._open, self._lane, self._taker)

    async def drain(self) -> None:
        """Tell clients with each reply that their connection is closed, and wait for bodies that are on their way."""
        self._replies.draining = True
        await self._bodies.wait_until_none_arrives()

    def _dispatch(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        if hdrs.UPGRADE in request.headers:
            # aiohttp has dropped what may have come behind it: better no answer to that than none for ever.
            request.protocol.close()
        # Before any handler, so that none can be forgotten. It costs a payment 0.1 µs.
        if request.method in ACTING and is_cross_site(request.headers):
            return self._forbidden(request)
        methods = self._routes.get(request.path) or self._methods_below(request.path)
        if methods is None:
            return self._not_found(request)
        handler = methods.get(request.method)
        return self._method_not_allowed(methods) if handler is None else handler(request)

    def _methods_below(self, path: str) -> Mapping[str, Handler] | None:
        _, *parts = path.split("/", 4)
        if not (2 <= len(parts) <= 3 and parts[1]):
            return None
        parts[1] = "*"
        return self._routes.get("/" + "/".join(parts))

    async def _forbidden(self, request: web.BaseRequest) -> web.StreamResponse:
        detail = "Only a page of the API's own origin may, and what is no page. Nothing was done."
        return self._replies.problem(problems.CROSS_SITE, detail)

    async def _not_found(self, request: web.BaseRequest) -> web.StreamResponse:
        path = problems.shorten(request.path)
        return self._replies.problem(problems.NOT_FOUND, f"The API has no path {path}.")

    async def _method_not_allowed(self, methods: Mapping[str, Handler]) -> web.StreamResponse:
        allowed = ", ".join(methods)
        return self._replies.problem(problems.METHOD_NOT_ALLOWED, f"Use one of {allowed}.", headers={"Allow": allowed})


def make_server(
    gateway: Gateway,
    *,
    accept: Literal["queued", "received", "durable"],
    name: str,
    recorder: Recorder,
    admin_token: str = "",
    ask_timeout_s: float = 5.0,
    repeat_s: float = 300.0,
    body_timeout_s: float = 5.0,
    connections_max: int | None = None,
    process: ApiProcess | None = None,
    dashboard: bool = True,
) -> ApiServer:
    """Put the API together. Must be called on the event loop that is to run it.

    Args:
        gateway: the way to the worker.
        accept: what a 202 means: see ``RINHA_ACCEPT``; ``queued`` is answered without waiting for the worker.
        name: sent as ``X-Served-By`` with each reply.
        recorder: told of each payment, with its answer.
        admin_token: what lists and changes need, nothing if empty; without one nobody closes payments.
        ask_timeout_s: how long to wait for the worker's answer to a question.
        repeat_s: how long an id is known as sent before, after a restart of a worker that isn't durable.
        body_timeout_s: within which a request's body must have arrived.
        connections_max: how many may be open; as many as the limit of open files allows for if None.
        process: what this process knows of itself; a new one if None.
        dashboard: whether there are an overview with its page, and metrics.

    Raises:
        ValueError: the name can't stand in an HTTP header.
    """
    bodies, replies = BodyReader(body_timeout_s), Replies(name)
    process = process or ApiProcess(name, secrets.token_hex(8))
    process.watch(gateway)
    taker = PaymentTaker(gateway, accept=accept, repeat_s=repeat_s, replies=replies, recorder=recorder, process=process)
    payments = PaymentHandler(taker, bodies=bodies, replies=replies)
    summary = SummaryHandler(gateway, replies=replies, timeout_s=ask_timeout_s)
    worker = WorkerHandlers(gateway, replies=replies, timeout_s=ask_timeout_s)
    closing = ClosingHandlers(gateway, bodies=bodies, replies=replies, timeout_s=ask_timeout_s)
    inquiries = InquiryHandlers(gateway, replies=replies, timeout_s=ask_timeout_s)
    processes = ProcessHandlers(gateway, process, replies=replies, timeout_s=ask_timeout_s)

    admin = AdminGuard(admin_token, replies)
    purge = admin.guard(worker.purge)

    def get(handler: Handler) -> dict[str, Handler]:
        return {"GET": handler, "HEAD": handler}

    def get_by_id(handler: Handler) -> dict[str, Handler]:
        return get(by_whole_id(handler, admin.guard(handler)))

    routes: dict[str, dict[str, Handler]] = {
        "/payments": {"POST": payments.post, **get(admin.guard(inquiries.get_payments))},
        "/payments/*": get_by_id(inquiries.get_payment),
        "/payments/*/retry": {"POST": admin.guard(inquiries.post_retry)},
        "/payments/*/settled": {"POST": admin.require(closing.post_settled)},
        "/payments/*/not-settled": {"POST": admin.require(closing.post_not_settled)},
        "/payments-summary": get(summary.get),
        "/purge-payments": {"POST": purge, "DELETE": purge},
        "/parked/retry": {"POST": admin.guard(inquiries.post_retry_all)},
        "/held": get(admin.guard(inquiries.get_held)),
        "/processors": get(admin.guard(inquiries.get_processors)),
        "/statistics": get(admin.guard(processes.get_statistics)),
        "/events": get(admin.guard(processes.get_events)),
        "/traces": get(admin.guard(processes.get_traces)),
        "/traces/*": get_by_id(processes.get_trace),
        "/health/live": get(worker.get_live),
        "/health/ready": get(worker.get_ready),
    }
    if dashboard:
        overview = OverviewHandlers(gateway, process, replies=replies, timeout_s=ask_timeout_s)
        metrics = MetricsHandlers(gateway, process, replies=replies, timeout_s=ask_timeout_s)
        page = DashboardHandlers(replies)
        routes |= {
            "/overview": get(admin.guard(overview.get)),
            "/metrics": get(admin.guard(metrics.get)),
            # They hold no secret: with a token the page asks for it before it shows anything.
            "/dashboard": get(page.get_page),
            "/dashboard/*": get(page.get_file),
        }
    limit = connection_limit() if connections_max is None else connections_max
    return ApiServer(routes, taker, bodies, replies, OpenConnections(asyncio.get_running_loop(), limit))
