"""``GET /overview``: everything that one page needs. However many look, the worker is asked twice a second at most."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from rinha.answers.overview import away_as_json, overview_as_json, seconds_as_json
from rinha.api import problems
from rinha.api.endpoints.parameters import read_parameters, whole_number
from rinha.api.problems import InvalidRequest
from rinha.bridge.errors import BridgeError
from rinha.bridge.protocol.wire.overview import ApiState
from rinha.bridge.protocol.wire.own_questions import GetOverview

if TYPE_CHECKING:
    from aiohttp import web

    from rinha.api.gateway import Gateway
    from rinha.api.process import ApiProcess
    from rinha.api.replies import Replies
    from rinha.bridge.protocol.wire.overview import Overview, SecondReport

FRESH_S = 0.5
"""For so long an answer is given to whoever asks."""
TIMEOUT_S = 3.0
"""Who looks at a page wants to know soon that the worker doesn't answer, and an API's drain waits for no page."""
SECONDS_MAX = 300


class OverviewHandlers:
    """Asks the worker, and keeps what it has told: the next question is for what came since.

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
        self._run = ""
        self._seconds: deque[SecondReport] = deque(maxlen=SECONDS_MAX)
        self._asking: asyncio.Task[dict[str, Any]] | None = None
        self._asked_s = float("-inf")
        self._away_since_ms = 0

    async def get(self, request: web.BaseRequest) -> web.StreamResponse:
        """``GET /overview?after``."""
        try:
            after = read_parameters(request, {"after": whole_number(0, 2**63)}).get("after", 0)
        except InvalidRequest as error:
            detail = "after is the number of a second, and may be left out."
            return self._replies.problem(problems.INVALID_REQUEST, detail, errors=error.errors)
        document = await self._fresh()
        if "seconds" not in document:
            # A number that is yet to come is of a clock that was set back since.
            after = after if after <= document["number"] else 0
            document = {**document, "seconds": seconds_as_json(each for each in self._seconds if each.number > after)}
        return self._replies.json(document)

    async def _fresh(self) -> dict[str, Any]:
        now_s = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now_s - self._asked_s >= FRESH_S):
            self._asked_s = now_s
            self._asking = asyncio.create_task(self._ask())
        # Who asked first may be gone before the answer comes; others wait for it.
        return await asyncio.shield(self._asking)

    async def _ask(self) -> dict[str, Any]:
        newest = self._seconds[-1].number if self._seconds else 0
        try:
            overview: Overview = await self._gateway.ask(GetOverview(newest), timeout_s=self._timeout_s)
            if self._run not in {"", overview.run}:  # its clock may be behind that of the one before
                self._seconds.clear()
                overview = await self._gateway.ask(GetOverview(), timeout_s=self._timeout_s)
        except BridgeError as error:
            return self._away(f"payment-worker: {error}", newest)
        self._run, self._away_since_ms = overview.run, 0
        self._seconds.extend(overview.seconds)
        return overview_as_json(overview._replace(seconds=tuple(self._seconds)), _now_ms())

    def _away(self, fault: str, newest: int) -> dict[str, Any]:
        report, now_ms = self._process.figures(), _now_ms()
        self._away_since_ms = report.worker_away_since_ms or self._away_since_ms or now_ms
        api = ApiState(report, 0.0, self._gateway.credit)
        return away_as_json(api, fault, newest, self._away_since_ms, now_ms)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
