"""The test's levers: those of the real processors, and ours for faults, dumps and counters.

Every one needs the header ``X-Rinha-Token``. Ours, which the real ones don't have:

- ``PUT /admin/configurations/fault``: a ``Fault`` or a list of them replaces what is armed on the endpoints they name;
  ``{"kind": null}`` clears everything.
- ``GET /admin/payments``: every row, ``[{"id", "amount_cents", "requested_at_ms"}, …]``.
- ``GET /admin/counters``: ``Counters``, and the limiter's state.
- ``GET /admin/ping``: that it is alive; needs no token.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import msgspec
import orjson
from aiohttp import web

from rinha.simulator import wire
from rinha.simulator.faults import Fault

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from rinha.simulator.state import State

TOKEN_HEADER = "X-Rinha-Token"


class _Token(msgspec.Struct):
    token: str


class _Delay(msgspec.Struct):
    delay: int

    def __post_init__(self) -> None:
        if self.delay < 0:
            raise ValueError("delay must not be negative")


class _Failure(msgspec.Struct):
    failure: bool


class AdminHandlers:
    """The handlers of ``/admin/*`` of one processor.

    Args:
        state: the processor.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def guard(self, handler: Handler) -> Handler:
        """Wrap a handler: 401 without the token, 400 for a body or query that it doesn't understand."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            token = request.headers.get(TOKEN_HEADER, "")
            if not hmac.compare_digest(token.encode(), self._state.token.encode()):
                return web.Response(status=401)
            try:
                return await handler(request)
            except (msgspec.MsgspecError, UnicodeDecodeError, wire.InvalidBody) as error:
                return web.json_response({"message": str(error)}, status=400)

        return guarded

    async def ping(self, request: web.Request) -> web.Response:
        """``GET /admin/ping``."""
        return web.json_response({"processor": self._state.name})

    async def summary(self, request: web.Request) -> web.Response:
        """``GET /admin/payments-summary``: both ends inclusive, the whole if either bound is missing."""
        from_us, to_us = (
            wire.parse_instant(request.query[bound]) if request.query.get(bound) else None for bound in ("from", "to")
        )
        totals = self._state.rows.totals(from_us, to_us)
        return web.Response(body=wire.render_summary(totals, self._state.fee_bps), content_type="application/json")

    async def set_token(self, request: web.Request) -> web.Response:
        """``PUT /admin/configurations/token``."""
        self._state.token = msgspec.json.decode(await request.read(), type=_Token).token
        return web.Response(status=204)

    async def set_delay(self, request: web.Request) -> web.Response:
        """``PUT /admin/configurations/delay``: for the payments that arrive from now on."""
        was = self._state.delay_ms
        self._state.delay_ms = msgspec.json.decode(await request.read(), type=_Delay).delay
        return web.json_response({"config": "delay", "was": was, "is": self._state.delay_ms})

    async def set_failure(self, request: web.Request) -> web.Response:
        """``PUT /admin/configurations/failure``: also for the payments that are in their delay now."""
        was = self._state.failing
        self._state.failing = msgspec.json.decode(await request.read(), type=_Failure).failure
        return web.json_response({"config": "failure", "was": was, "is": self._state.failing})

    async def set_fault(self, request: web.Request) -> web.Response:
        """``PUT /admin/configurations/fault``."""
        decoded = msgspec.json.decode(await request.read(), type=Fault | list[Fault])
        faults = decoded if isinstance(decoded, list) else [decoded]
        if any(fault.kind is None for fault in faults):
            self._state.faults.clear()
        self._state.faults.arm(faults)
        return web.json_response({"armed": sum(fault.kind is not None for fault in faults)})

    async def purge(self, request: web.Request) -> web.Response:
        """``POST /admin/purge-payments``. A payment that is in its delay now still commits afterwards."""
        self._state.rows.clear()
        return web.json_response({"message": "All payments purged."})

    async def dump(self, request: web.Request) -> web.Response:
        """``GET /admin/payments``."""
        return web.Response(body=orjson.dumps(list(self._state.rows.dump())), content_type="application/json")

    async def counters(self, request: web.Request) -> web.Response:
        """``GET /admin/counters``."""
        limiter = self._state.limiter
        body = {
            **msgspec.to_builtins(self._state.counters),
            "rows": len(self._state.rows),
            "at_work": limiter.at_work,
            "at_work_peak": limiter.at_work_peak,
            "queued": limiter.queued,
        }
        return web.Response(body=orjson.dumps(body), content_type="application/json")
