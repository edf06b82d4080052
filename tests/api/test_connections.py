"""Connections at the API's own port: heads that don't end, idle ones too many, half-closed ones, other protocols."""

from __future__ import annotations

import asyncio
import resource
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from rinha.api import open_connections
from rinha.api.open_connections import MAX_CONNECTIONS, connection_limit
from tests.api.conftest import parse_answers

if TYPE_CHECKING:
    from tests.api.conftest import Api, FakeGateway, StartApi, Until

PAYMENT = b'{"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","amount":19.9}'
LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
CLOSE = b"Connection: close"


@pytest.fixture
def short_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_connections, "HEAD_TIMEOUT_S", 0.1)
    monkeypatch.setattr(open_connections, "_CHECK_S", 0.02)


@pytest.mark.usefixtures("short_heads")
async def test_heads_that_do_not_end_are_408_and_closed(api: Api) -> None:
    async with AsyncExitStack() as stack:
        readers = []
        for _ in range(50):
            reader, writer = await stack.enter_async_context(api.connect())
            writer.write(b"POST /payments HTTP/1.1\r\nHost: x\r\nX")
            readers.append(reader)
        for reader in readers:
            (answer,) = parse_answers(await reader.read())
            assert answer.problem()["type"] == "/problems/head-timeout"
            assert (answer.status, answer.headers["connection"]) == (408, "close")


@pytest.mark.usefixtures("short_heads")
async def test_a_head_that_drips_is_408_too(api: Api) -> None:
    async with api.connect() as (reader, writer):
        writer.write(LIVE[:-2] + b"X: ")
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(b"x")
            await asyncio.sleep(0.01)
        assert parse_answers(answer.result())[0].status == 408


@pytest.mark.usefixtures("short_heads")
async def test_the_head_of_a_later_request_has_no_longer_either(api: Api) -> None:
    async with api.connect() as (reader, writer):
        writer.write(LIVE)
        await reader.readuntil(b"}")
        writer.write(LIVE[:20])
        assert parse_answers(await reader.read())[0].status == 408


@pytest.mark.usefixtures("short_heads")
async def test_nor_has_a_head_that_begins_before_the_answer(api: Api, gateway: FakeGateway, until: Until) -> None:
    gateway.may_answer.clear()
    async with api.connect() as (reader, writer):
        writer.write(api.post(PAYMENT))
        await until(lambda: gateway.submitted)
        writer.write(LIVE[:20])
        async with api.connect() as (silent, _):  # a timeout passes
            await silent.read()
        gateway.may_answer.set()
        assert [answer.status for answer in parse_answers(await reader.read())] == [202, 408]


@pytest.mark.usefixtures("short_heads")
async def test_a_body_in_pieces_begins_no_head(api: Api) -> None:
    async with api.connect() as (reader, writer):
        request = api.post(PAYMENT)
        for piece in (request[:-20], request[-20:-9], request[-9:]):
            writer.write(piece)
            await asyncio.sleep(0.02)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 202 ")
        async with api.connect() as (silent, _):
            await silent.read()
        writer.write(api.post(PAYMENT, CLOSE))
        assert b"HTTP/1.1 202 " in await reader.read()


@pytest.mark.usefixtures("short_heads")
async def test_who_never_says_a_word_is_left_without_one(api: Api) -> None:
    async with api.connect() as (reader, _):
        assert await reader.read() == b""


@pytest.mark.usefixtures("short_heads")
async def test_idle_connections_and_slow_answers_and_bodies_are_left_alone(
    api: Api, gateway: FakeGateway, until: Until
) -> None:
    async with api.connect() as (idle, idle_writer), api.connect() as (waiting, post), api.connect() as (slow, body):
        idle_writer.write(LIVE)
        await idle.readuntil(b"}")
        body.write(api.post(PAYMENT)[:-9])
        gateway.may_answer.clear()
        post.write(api.post(PAYMENT))
        await until(lambda: gateway.submitted)
        async with api.connect() as (silent, _):  # two timeouts pass
            await silent.read()
        async with api.connect() as (silent, _):
            await silent.read()
        body.write(PAYMENT[-9:])
        gateway.may_answer.set()
        for reader in (waiting, slow):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 202 ")
        idle_writer.write(LIVE)
        assert (await idle.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")


async def test_one_connection_too_many_closes_the_one_that_is_idle_for_longest(
    start_api: StartApi, gateway: FakeGateway, until: Until
) -> None:
    api = await start_api(connections_max=3)
    async with AsyncExitStack() as stack:
        busy, post = await stack.enter_async_context(api.connect())
        gateway.may_answer.clear()
        post.write(api.post(PAYMENT))
        await until(lambda: gateway.submitted)
        used, writer = await stack.enter_async_context(api.connect())
        silent, _ = await stack.enter_async_context(api.connect())
        await until(lambda: len(api.server.connections) == 3)
        writer.write(LIVE)
        await used.readuntil(b"}")

        for _ in range(2):
            newer, writer = await stack.enter_async_context(api.connect())
            writer.write(LIVE)
            assert (await newer.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
        assert await silent.read() == b""
        assert await used.read() == b""
        gateway.may_answer.set()
        assert (await busy.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 202 ")


async def test_where_all_are_busy_the_new_one_is_closed(
    start_api: StartApi, gateway: FakeGateway, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    api = await start_api(connections_max=1)
    gateway.may_answer.clear()
    async with api.connect() as (busy, writer):
        writer.write(api.post(PAYMENT))
        await until(lambda: gateway.submitted)
        async with api.connect() as (refused, _):
            assert await refused.read() == b""
        await until(lambda: "api.idle_closed" in caplog.messages)
        gateway.may_answer.set()
        assert (await busy.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 202 ")


@pytest.mark.parametrize(
    ("files", "connections"),
    [
        (1024, 896),
        (256, 192),
        (64, 32),
        (1, 1),
        (1_048_576, MAX_CONNECTIONS),
        (resource.RLIM_INFINITY, MAX_CONNECTIONS),
    ],
)
def test_the_limit_leaves_a_reserve_of_files(monkeypatch: pytest.MonkeyPatch, files: int, connections: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert connection_limit() == connections


@pytest.mark.parametrize("payments", [1, 3])
async def test_who_closes_its_half_gets_its_answers_and_then_the_end(
    api: Api, gateway: FakeGateway, until: Until, payments: int
) -> None:
    gateway.may_answer.clear()
    async with api.connect() as (reader, writer):
        writer.write(api.post(PAYMENT) * payments)
        writer.write_eof()
        await until(lambda: gateway.submitted)
        gateway.may_answer.set()
        assert [answer.status for answer in parse_answers(await reader.read())] == [202] * payments


async def test_a_body_that_the_end_cuts_short_is_no_payment(api: Api, gateway: FakeGateway, until: Until) -> None:
    async with api.connect() as (reader, writer):
        writer.write(api.post(PAYMENT)[:-1])
        writer.write_eof()
        assert await reader.read() == b""
    await until(lambda: not api.server.connections)
    assert gateway.submitted == []


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c", b"x"])
@pytest.mark.parametrize("first", [LIVE, b"POST"])
async def test_what_follows_a_request_to_switch_protocols_is_answered_or_the_connection_closed(
    api: Api, gateway: FakeGateway, first: bytes, protocol: bytes
) -> None:
    switch = b"Connection: upgrade\r\nUpgrade: " + protocol
    request = api.post(PAYMENT, switch) if first == b"POST" else LIVE[:-2] + switch + b"\r\n\r\n"
    answers = await api.answers(LIVE + request + api.post(PAYMENT, CLOSE))
    assert [answer.status for answer in answers][:2] == [200, 202 if first == b"POST" else 200]
    taken = [answer for answer in answers if answer.status == 202]
    assert len(gateway.submitted) == len(taken), "one was taken and not answered"


async def test_a_body_that_is_on_its_way_when_connections_are_told_to_close_still_arrives(
    api: Api, gateway: FakeGateway, until: Until
) -> None:
    head, body = api.post(PAYMENT).split(b"\r\n\r\n", 1)
    async with api.connect() as (reader, writer):
        writer.write(head + b"\r\n\r\n" + body[:10])
        await until(lambda: any(each._request_in_progress for each in api.server.connections))
        api.server.pre_shutdown()
        writer.write(body[10:])
        assert [answer.status for answer in parse_answers(await reader.read())] == [202]
