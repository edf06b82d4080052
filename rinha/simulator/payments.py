"""What the public sees of a processor: posting, looking up, health."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import web

from rinha.simulator import mischief, wire
from rinha.simulator.faults import COMMITTING

if TYPE_CHECKING:
    from rinha.simulator.faults import Fault
    from rinha.simulator.rows import Row
    from rinha.simulator.state import State


class PaymentHandlers:
    """The handlers of ``/payments*`` of one processor.

    They rely on aiohttp not cancelling a handler whose client hangs up (``handler_cancellation`` is off): like the real
    processor, it goes on and commits.

    Args:
        state: the processor.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    async def post(self, request: web.Request) -> web.Response:
        """``POST /payments``: limiter, delay, failure flag, insert, in the real one's order."""
        state = self._state
        state.counters.posts += 1
        outcomes = state.counters.posts_by_outcome
        body = await request.read()
        if not await state.limiter.enter():
            outcomes["limited"] += 1
            return mischief.too_many(1)
        try:
            outcome, answer = await self._settle(request, body)
            outcomes[outcome] += 1
            return answer
        finally:
            state.limiter.leave()

    async def _settle(self, request: web.Request, body: bytes) -> tuple[str, web.Response]:
        state = self._state
        if request.content_type != "application/json":
            return "invalid", web.Response(status=415)
        try:
            payment_id, row = wire.parse_payment(body)
        except wire.InvalidBody as error:
            return "invalid", web.json_response({"message": str(error)}, status=400)
        fault = state.faults.draw("payments")
        if fault is not None and fault.kind not in COMMITTING:
            return str(fault.kind), await mischief.play(fault, request)
        if state.delay_ms:
            await asyncio.sleep(state.delay_ms / 1000)
        if state.failing:
            return "failure", web.Response(status=500)
        if fault is not None and fault.kind == "commit-late":
            await asyncio.sleep(fault.delay_ms / 1000)
        return await self._insert(request, payment_id, row, fault)

    async def _insert(
        self, request: web.Request, payment_id: bytes, row: Row, fault: Fault | None
    ) -> tuple[str, web.Response]:
        if not self._state.rows.insert(payment_id, row):
            message = f"Payment could not be processed. CorrelationId already exists: {UUID(bytes=payment_id)}."
            return "duplicate", web.json_response({"message": message}, status=422)
        if fault is not None and fault.kind != "commit-late":
            return str(fault.kind), await mischief.play(fault, request)
        outcome = "settled" if fault is None else str(fault.kind)
        return outcome, web.Response(body=wire.SETTLED, content_type="application/json")

    async def find(self, request: web.Request) -> web.Response:
        """``GET /payments/{id}``: neither delay nor failure flag, but the limiter of the payments."""
        state = self._state
        state.counters.lookups += 1
        outcomes = state.counters.lookups_by_outcome
        if not await state.limiter.enter():
            outcomes["limited"] += 1
            return mischief.too_many(1)
        try:
            fault = state.faults.draw("lookup")
            if fault is not None:
                outcomes[str(fault.kind)] += 1
                return await mischief.play(fault, request)
            try:
                payment_id = UUID(request.match_info["id"]).bytes
            except ValueError:
                outcomes["invalid"] += 1
                return web.Response(status=400)
            row = state.rows.find(payment_id)
            outcomes["found" if row else "absent"] += 1
            if row is None:
                return web.Response(status=404)
            return web.Response(body=wire.render_row(payment_id, row), content_type="application/json")
        finally:
            state.limiter.leave()

    async def health(self, request: web.Request) -> web.Response:
        """``GET /payments/service-health``: one call per window, two more hang, the next gets 429."""
        state = self._state
        outcomes = state.counters.health_by_outcome
        state.counters.health_calls_ms.append(time.time_ns() // 1_000_000)
        fault = state.faults.draw("health")
        if fault is not None:
            outcomes[str(fault.kind)] += 1
            return await mischief.play(fault, request)
        if not await state.health_limiter.acquire(lambda: request.transport is not None):
            outcomes["limited"] += 1
            return mischief.too_many(state.limits.health_window_s)
        outcomes["answered"] += 1
        return web.json_response({"failing": state.failing, "minResponseTime": state.delay_ms})
