from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

import aiohttp
import pytest

from rinha.simulator.app import make_app
from rinha.simulator.main import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rinha.simulator.state import Limits


class Peer:
    """A simulator on a free port, and a client that talks to it."""

    token: ClassVar = {"X-Rinha-Token": "123"}

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self.port = port
        self.session = session

    def body(self, payment_id: str | None = None, amount: Any = 19.9, at: str = "2025-07-15T12:34:56.000Z") -> Any:
        return {"correlationId": payment_id or str(uuid4()), "amount": amount, "requestedAt": at}

    async def post(self, payment_id: str | None = None, **fields: Any) -> tuple[int, bytes]:
        async with self.session.post("/payments", json=self.body(payment_id, **fields)) as response:
            return response.status, await response.read()

    async def get(self, path: str) -> tuple[int, bytes]:
        async with self.session.get(path) as response:
            return response.status, await response.read()

    async def admin(self, method: str, path: str, body: Any = None) -> Any:
        async with self.session.request(method, f"/admin/{path}", json=body, headers=self.token) as response:
            assert response.ok, await response.text()
            return await response.json(content_type=None)

    async def rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = await self.admin("GET", "payments")
        return rows

    async def counters(self) -> dict[str, Any]:
        counters: dict[str, Any] = await self.admin("GET", "counters")
        return counters

    async def fault(self, kind: str | None, **fields: Any) -> None:
        await self.admin("PUT", "configurations/fault", {"kind": kind, **fields})

    async def until(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until the counters meet a condition."""
        async with asyncio.timeout(5):
            while True:
                if condition(await self.counters()):
                    return
                await asyncio.sleep(0.005)


class Start:
    """Starts simulators."""

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack

    async def __call__(self, *, fee_bps: int = 500, seed: int | None = 1, limits: Limits | None = None) -> Peer:
        app = make_app(name="default", fee_bps=fee_bps, seed=seed, limits=limits)
        port = await self._stack.enter_async_context(serve(app, host="127.0.0.1", port=0))
        connector = aiohttp.TCPConnector(limit=0)
        session = aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector)
        await self._stack.enter_async_context(session)
        return Peer(port, session)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with contextlib.AsyncExitStack() as stack:
        yield Start(stack)


@pytest.fixture
async def peer(start: Start) -> Peer:
    return await start()
