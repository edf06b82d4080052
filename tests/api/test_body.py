"""Reading of bodies: as large, as slow and as broken as clients send them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from rinha.api.body import BodyReader, BodyRefused
from rinha.api.problems import MALFORMED_HTTP

if TYPE_CHECKING:
    from tests.api.conftest import Api, FakeGateway, StartApi, Until

PAYMENT = b'{"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","amount":19.9}'
POST = b"POST /payments HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
EXPECTING = POST + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(PAYMENT)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BROKEN_CHUNKS = [b"zz\r\n", b"5\r\nabcdefgh\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n"]


async def test_a_declared_body_over_4_kib_is_413_before_it_is_sent(api: Api, gateway: FakeGateway) -> None:
    answer = await api.answer(POST + b"Content-Length: 4097\r\n\r\n")
    assert answer.problem()["type"] == "/problems/body-too-large"
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert gateway.submitted == []


async def test_a_whole_body_over_4_kib_is_413_and_the_connection_lives_on(api: Api) -> None:
    answers = await api.answers(api.post(b" " * 4097) + api.post(PAYMENT, b"Connection: close"))
    assert [answer.status for answer in answers] == [413, 202]


async def test_a_chunked_body_counts(api: Api, gateway: FakeGateway) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in PAYMENT)
    assert (await api.answer(CHUNKED + chunks + b"0\r\n\r\n")).status == 202
    assert len(gateway.submitted) == 1


async def test_a_chunked_body_over_4_kib_is_413_without_reading_it_all(api: Api) -> None:
    """The body never ends; the answer comes all the same."""
    answer = await api.answer(CHUNKED + (b"400\r\n" + b" " * 1024 + b"\r\n") * 5)
    assert answer.problem()["type"] == "/problems/body-too-large"


async def test_a_body_in_pieces_is_put_together(api: Api, gateway: FakeGateway, until: Until) -> None:
    head, body = api.post(PAYMENT)[: -len(PAYMENT)], PAYMENT
    async with api.connect() as (reader, writer):
        writer.write(head + body[:20])
        await until(lambda: api.server.requests_count == 1)
        for index in range(20, len(body)):
            writer.write(body[index : index + 1])
            await asyncio.sleep(0)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 202 ")
    assert len(gateway.submitted) == 1


async def test_a_client_that_waits_for_100_continue_gets_it(api: Api) -> None:
    async with api.connect() as (reader, writer):
        writer.write(EXPECTING)
        assert await reader.readuntil(b"\r\n\r\n") == CONTINUE
        writer.write(PAYMENT)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 202 ")


async def test_a_client_that_waits_for_100_continue_is_told_413_instead(api: Api) -> None:
    answer = await api.answer(POST + b"Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n")
    assert answer.problem()["status"] == 413


async def test_a_failure_after_100_continue_is_still_a_500_problem(api: Api, gateway: FakeGateway) -> None:
    gateway.verdict = ZeroDivisionError("a bug")
    async with api.connect() as (reader, writer):
        writer.write(EXPECTING)
        assert await reader.readuntil(b"\r\n\r\n") == CONTINUE
        writer.write(PAYMENT)
        assert (await reader.read()).startswith(b"HTTP/1.1 500 ")


@pytest.mark.parametrize("rest", BROKEN_CHUNKS)
async def test_chunks_that_are_broken_from_the_start_are_400(api: Api, gateway: FakeGateway, rest: bytes) -> None:
    (answer,) = await api.answers(CHUNKED + rest)
    assert answer.problem()["type"] == "/problems/malformed-http"
    assert gateway.submitted == []


@pytest.mark.parametrize("rest", BROKEN_CHUNKS)
async def test_chunks_that_break_later_are_refused_at_the_latest_when_the_body_is_overdue(
    start_api: StartApi, gateway: FakeGateway, until: Until, caplog: pytest.LogCaptureFixture, rest: bytes
) -> None:
    """aiohttp's C parser doesn't tell the handler that waits for the body, its Python parser does."""
    api = await start_api(body_timeout_s=0.05)
    with caplog.at_level(logging.INFO):
        async with api.connect() as (reader, writer):
            writer.write(CHUNKED)
            await until(lambda: api.server.requests_count == 1)
            writer.write(rest)
            answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 408 "))
    assert gateway.submitted == []
    assert caplog.records == []


async def test_a_body_that_aiohttp_can_not_decode_is_refused_as_malformed() -> None:
    content = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16)
    content.set_exception(web.RequestPayloadError("no chunk size"))
    with pytest.raises(BodyRefused) as caught:
        await BodyReader(1).read(make_mocked_request("POST", "/payments", payload=content))
    assert caught.value.kind is MALFORMED_HTTP
    assert "no chunk size" in caught.value.detail


async def test_a_body_that_does_not_arrive_in_time_is_408(start_api: StartApi) -> None:
    api = await start_api(body_timeout_s=0.05)
    answer = await api.answer(POST + b"Content-Length: 50\r\n\r\n" + b"{")
    assert answer.problem()["type"] == "/problems/body-timeout"
    assert (answer.status, answer.headers["connection"]) == (408, "close")


async def test_a_client_that_hangs_up_in_its_body_leaves_no_noise(
    api: Api, gateway: FakeGateway, caplog: pytest.LogCaptureFixture, until: Until
) -> None:
    with caplog.at_level(logging.INFO):
        async with api.connect() as (_, writer):
            writer.write(POST + b"Content-Length: 50\r\n\r\n{")
            await until(lambda: api.server.requests_count == 1)
        await until(lambda: not api.server.connections)
    assert gateway.submitted == []
    assert caplog.records == []
