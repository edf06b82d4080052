"""``GET /metrics``: the figures of the whole system, at any API; with the worker away, those of this one."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from rinha.api import problems
from rinha.api.endpoints.overview import TIMEOUT_S
from rinha.api.endpoints.parameters import read_parameters
from rinha.api.problems import InvalidRequest
from rinha.bridge.errors import BridgeError
from rinha.bridge.protocol.wire.metrics import ApiMetrics, Metrics
from rinha.bridge.protocol.wire.own_questions import GetMetrics

if TYPE_CHECKING:
    from aiohttp import web

    from rinha.api.gateway import Gateway
    from rinha.api.process import ApiProcess
    from rinha.api.replies import Replies


class MetricsHandlers:
    """Asks the worker, which has the APIs' figures of the last second.

    Args:
        gateway: the way to the worker.
        process: this one.
        replies: makes the responses.
        timeout_s: how long to wait for the worker's answer at most.
    """

    def __init__(self, gateway: Gateway, process: ApiProcess, *, replies: Replies, timeout_s: float) -> None:
        self._gateway = gateway
        self._process = process
        self._replies = replies
        self._timeout_s = min(timeout_s, TIMEOUT_S)

    async def get(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /metrics``."""
        try:
            read_parameters(request, {})
        except InvalidRequest as error:
            return self._replies.problem(problems.INVALID_REQUEST, "There are no parameters.", errors=error.errors)
        up = True
        try:
            metrics = await self._gateway.ask(GetMetrics(), timeout_s=self._timeout_s)
        except BridgeError:
            metrics, up = self._own(), False
        # An API that nobody scrapes has no prometheus-client; and it takes a tenth of a second, so beside the loop.
        module: Any = await asyncio.to_thread(importlib.import_module, "rinha.metrics.render")
        return self._replies.text(module.render(metrics, up=up), module.CONTENT_TYPE)

    def _own(self) -> Metrics:
        pulse = self._process.pulse(2**63)
        return Metrics({pulse.report.name: ApiMetrics.of(pulse)}, {}, {}, {}, 0, 0, 0.0)
