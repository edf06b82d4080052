"""Reading of bodies: as large, as slow and as broken as clients send them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import orjson
import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from rinha.api.body import BodyReader, BodyRefused
from rinha.api.problems import MALFORMED_HTTP

if TYPE_CHECKING:
    from tests.api.conftest import Api, FakeBridge, StartApi, Until

PAYMENT = b'{"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","amount":19.9}'
POST = b"POST /payments HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def request(body: bytes = PAYMENT, *headers: bytes) -> bytes:
    lines = [b"Content-Length: %d" % len(body), *headers]
    return POST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


CLOSE = b"Connection: close"


def parse(raw: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Split what a connection gave into responses: status, headers, body."""
    responses = []
    while raw:
        head, _, rest = raw.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("ascii").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", "0"))
        responses.append((int(status_line.split(" ")[1]), headers, rest[:length]))
        raw = rest[length:]
    return responses


def problem(raw: bytes) -> dict[str, Any]:
    """The problem document of the one response."""
    ((status, headers, body),) = parse(raw)
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-served-by"] == "api-1"
    document: dict[str, Any] = orjson.loads(body)
    assert document["status"] == status
    return document


async def test_a_declared_body_over_4_kib_is_413_before_it_is_sent(api: Api, bridge: FakeBridge) -> None:
    raw = await api.first_answer(POST + b"Content-Length: 4097\r\n\r\n")
    assert problem(raw)["type"] == "/problems/body-too-large"
    assert parse(raw)[0][1]["connection"] == "close"
    assert bridge.submitted == []


async def test_a_client_that_waits_for_100_continue_is_told_413_at_once(api: Api) -> None:
    raw = await api.first_answer(POST + b"Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n")
    assert problem(raw)["status"] == 413


async def test_a_client_that_waits_for_100_continue_gets_it(api: Api, until: Until) -> None:
    head, body = request(PAYMENT, b"Expect: 100-continue", CLOSE).split(PAYMENT)[0], PAYMENT
    async with api.connect() as (reader, writer):
        writer.write(head)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        ((status, _, _),) = parse(await reader.read())
    assert status == 202


async def test_a_failure_after_100_continue_is_still_a_500_problem(api: Api, bridge: FakeBridge) -> None:
    bridge.verdict = ZeroDivisionError("a bug")
    head = request(PAYMENT, b"Expect: 100-continue").split(PAYMENT)[0]
    async with api.connect() as (reader, writer):
        writer.write(head)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(PAYMENT)
        assert problem(await reader.read())["type"] == "/problems/internal-error"


async def test_a_chunked_body_counts_up_to_4_kib(api: Api, bridge: FakeBridge) -> None:
    body = b"".join(b"1\r\n%c\r\n" % byte for byte in PAYMENT)
    ((status, _, _),) = parse(await api.raw(CHUNKED.replace(b"Host", CLOSE + b"\r\nHost") + body + b"0\r\n\r\n"))
    assert status == 202
    assert len(bridge.submitted) == 1


async def test_a_chunked_body_over_4_kib_is_413_without_reading_it_all(api: Api) -> None:
    """The body never ends; the answer comes all the same."""
    chunk = b"400\r\n" + b" " * 1024 + b"\r\n"
    assert problem(await api.first_answer(CHUNKED, chunk * 5))["status"] == 413


async def test_a_whole_body_over_4_kib_is_413_and_the_connection_lives_on(api: Api) -> None:
    raw = await api.raw(request(b" " * 4097), request(PAYMENT, CLOSE))
    assert [status for status, _, _ in parse(raw)] == [413, 202]


BROKEN_CHUNKS = [b"zz\r\n", b"5\r\nabcdefgh\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n"]


@pytest.mark.parametrize("rest", BROKEN_CHUNKS)
async def test_chunks_that_are_broken_from_the_start_are_400(api: Api, bridge: FakeBridge, rest: bytes) -> None:
    assert problem(await api.raw(CHUNKED + rest))["type"] == "/problems/malformed-http"
    assert bridge.submitted == []


@pytest.mark.parametrize("rest", BROKEN_CHUNKS)
async def test_chunks_that_break_later_are_refused_at_the_latest_when_the_body_is_overdue(
    start_api: StartApi, bridge: FakeBridge, until: Until, caplog: pytest.LogCaptureFixture, rest: bytes
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
    assert bridge.submitted == []
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
    raw = await api.first_answer(POST + b"Content-Length: 50\r\n\r\n" + b"{")
    assert problem(raw)["type"] == "/problems/body-timeout"
