"""The orderly end of an API: what is in progress is answered, what is idle doesn't delay it."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from actors.tracing import Tracer
from actors.values import Payment
from rinha.api.app import make_server
from rinha.api.serve import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.api.conftest import Connect, Connection, FakeGateway, Until

PAYMENT = b'{"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","amount":19.9}'
HEAD = b"POST /payments HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(PAYMENT)


class Running:
    """An API that serves until ``stop`` is set."""

    def __init__(self, gateway: FakeGateway, connect: Connect, *, drain_s: float) -> None:
        self._connect = connect
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.stop = asyncio.Event()
        self.server = make_server(gateway, accept="received", name="api-1", tracer=Tracer())
        self.serving = asyncio.create_task(
            serve(self.server, gateway, self.sock, drain_s=drain_s, stop=self.stop), name="serve"
        )

    async def exit_code(self, *, within_s: float = 2) -> int:
        async with asyncio.timeout(within_s):
            return await self.serving

    def connect(self) -> Connection:
        return self._connect(self.port)


@pytest.fixture
async def running(gateway: FakeGateway, connect: Connect) -> AsyncIterator[Running]:
    api = Running(gateway, connect, drain_s=30)
    yield api
    api.stop.set()
    gateway.may_answer.set()
    await api.exit_code()


async def test_it_starts_the_bridge_and_ends_with_0(running: Running, gateway: FakeGateway, until: Until) -> None:
    async with running.connect() as (reader, writer):
        writer.write(HEAD + PAYMENT)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 202 ")
    assert gateway.started
    running.stop.set()
    assert await running.exit_code() == 0
    assert gateway.closed_within_s == pytest.approx(30, abs=2)


async def test_idle_connections_do_not_delay_the_end(running: Running, until: Until) -> None:
    async with running.connect() as (fresh, _), running.connect() as (used, writer):
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        await used.readuntil(b"}")
        await until(lambda: len(running.server.connections) == 2)
        running.stop.set()
        assert await running.exit_code(within_s=1) == 0
        assert await used.read() == b""
        assert await fresh.read() == b""


async def test_requests_in_progress_are_answered_and_told_that_the_connection_closes(
    running: Running, gateway: FakeGateway, until: Until
) -> None:
    gateway.may_answer.clear()
    async with running.connect() as (reader, writer):
        writer.write(HEAD + PAYMENT)
        await until(lambda: gateway.submitted)
        running.stop.set()
        await until(lambda: running.sock.fileno() == -1)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", running.port)
        assert not running.serving.done()
        gateway.may_answer.set()
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert await running.exit_code() == 0


async def test_a_body_on_its_way_is_waited_for(running: Running, gateway: FakeGateway, until: Until) -> None:
    async with running.connect() as (reader, writer):
        writer.write(HEAD + PAYMENT[:10])
        await until(lambda: running.server.requests_count == 1)
        running.stop.set()
        await until(lambda: running.sock.fileno() == -1)
        writer.write(PAYMENT[10:])
        assert (await reader.read()).startswith(b"HTTP/1.1 202 ")
    assert len(gateway.submitted) == 1
    assert await running.exit_code() == 0


async def test_a_connection_that_is_still_open_is_not_ready_while_draining(
    running: Running, gateway: FakeGateway, until: Until
) -> None:
    async with running.connect() as (slow, upload), running.connect() as (reader, writer):
        upload.write(HEAD + PAYMENT[:10])
        await until(lambda: running.server.requests_count == 1)
        running.stop.set()
        await until(lambda: running.sock.fileno() == -1)
        writer.write(b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
        upload.write(PAYMENT[10:])
        await slow.read()


async def test_a_sibling_goes_on_with_its_copy_of_the_socket(running: Running) -> None:
    with running.sock.dup() as sibling:
        running.stop.set()
        assert await running.exit_code() == 0
        async with running.connect():
            sibling.setblocking(True)
            connection, _ = sibling.accept()
            connection.close()


async def test_the_end_takes_no_longer_than_told(
    connect: Connect, gateway: FakeGateway, caplog: pytest.LogCaptureFixture, until: Until
) -> None:
    gateway.may_answer.clear()
    api = Running(gateway, connect, drain_s=0.1)
    async with api.connect() as (reader, writer):
        writer.write(HEAD + PAYMENT)
        await until(lambda: gateway.submitted)
        api.stop.set()
        assert await api.exit_code() == 0
        assert gateway.closed_within_s == 0
        assert await reader.read() == b""
    assert "api.drain_cut_short" in [record.getMessage() for record in caplog.records]
    gateway.may_answer.set()
    await until(lambda: len(asyncio.all_tasks()) == 1)


async def test_unacknowledged_payments_are_listed_and_the_exit_code_is_1(
    running: Running, gateway: FakeGateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.unacknowledged = [Payment(bytes(15) + b"\x07", 100)]
    running.stop.set()
    assert await running.exit_code() == 1
    (record,) = [record for record in caplog.records if record.getMessage() == "api.unacknowledged"]
    assert record.__dict__["correlationIds"] == ["00000000-0000-0000-0000-000000000007"]
