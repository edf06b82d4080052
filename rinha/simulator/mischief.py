"""How a fault looks on the connection. The answers returned after the connection was closed are never sent."""

from __future__ import annotations

import asyncio
import socket
import struct
from functools import cache
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from rinha.simulator.faults import Fault

_GARBAGE = b"\x16\x03\x01 this is not HTTP\r\n\r\n\x00\xff"
_HUGE_BYTES = 10 * 1024 * 1024
_LINGER_NOT = struct.pack("ii", 1, 0)
_LOOK_AGAIN_S = 0.2


@cache
def _huge_body() -> bytes:
    return b'{"message":"' + b"x" * _HUGE_BYTES + b'"}'


async def play(fault: Fault, request: web.Request) -> web.Response:
    """Answer as the fault has it, or don't. What is to be committed is committed before."""
    match fault.kind:
        case "hang":
            await _until_hung_up(request)
        case "commit-then-drop":
            _close(request)
        case "reset":
            _reset(request)
        case "garbage":
            if request.transport is not None:
                request.transport.write(_GARBAGE)
            _close(request)
        case "nonsense":
            return web.Response(status=fault.status or 200, body=b"<html>nonsense", content_type="application/json")
        case "huge":
            return web.Response(status=fault.status or 200, body=_huge_body(), content_type="application/json")
        case "throttle":
            return too_many(1)
        case "commit-then-500":
            return web.json_response({"message": "Npgsql.NpgsqlException: Exception while reading"}, status=500)
        case _:
            return web.json_response({"message": "refused"}, status=fault.status or 400)
    return web.Response()


def too_many(retry_after_s: float) -> web.Response:
    """Answer 429, as either limiter does."""
    return web.Response(status=429, text="Try again later.", headers={"Retry-After": str(round(retry_after_s))})


async def _until_hung_up(request: web.Request) -> None:
    while True:
        # aiohttp tells a handler nothing when its client leaves (it would cancel, which is off), so it has to look.
        await asyncio.sleep(_LOOK_AGAIN_S)
        if request.transport is None:
            return


def _close(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()
