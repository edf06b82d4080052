"""What the API answers to requests that no handler wants, and to bytes that are no request."""

from __future__ import annotations

import logging
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rinha.api import replies

if TYPE_CHECKING:
    from tests.api.conftest import Api, FakeBridge, Until

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


@pytest.mark.parametrize("path", ["/", "/nothing", "/payments/", "//payments", "/payments-summary/x", "/" + "x" * 999])
async def test_an_unknown_path_is_404(api: Api, path: str) -> None:
    document = problem(await api.raw(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path.encode()))
    assert document["type"] == "/problems/not-found"
    assert path[:80] in document["detail"]


@pytest.mark.parametrize("target", [b"*", b"http://x/nothing", b"x:9999"])
async def test_targets_of_other_forms_are_404(api: Api, target: bytes) -> None:
    method = b"CONNECT" if b":9999" in target else b"OPTIONS"
    raw = await api.raw(b"%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % (method, target))
    assert problem(raw)["status"] == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/payments", "POST"),
        ("PUT", "/payments", "POST"),
        ("OPTIONS", "/payments", "POST"),
        ("POST", "/payments-summary", "GET, HEAD"),
        ("GET", "/purge-payments", "POST, DELETE"),
        ("POST", "/health/live", "GET, HEAD"),
        ("PROPFIND", "/statistics", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_405_and_says_which_are_right(api: Api, method: str, path: str, allowed: str) -> None:
    raw = await api.raw(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert problem(raw)["type"] == "/problems/method-not-allowed"
    ((status, headers, _),) = parse(raw)
    assert (status, headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nNo colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_bytes_that_are_no_http_get_a_problem_and_the_connection_is_closed(
    api: Api, caplog: pytest.LogCaptureFixture, raw: bytes
) -> None:
    with caplog.at_level(logging.INFO):
        document = problem(await api.raw(raw))
    assert document["type"] == "/problems/malformed-http"
    assert caplog.records == []


async def test_a_client_that_hangs_up_in_its_body_leaves_no_noise(
    api: Api, bridge: FakeBridge, caplog: pytest.LogCaptureFixture, until: Until
) -> None:
    with caplog.at_level(logging.INFO):
        async with api.connect() as (_, writer):
            writer.write(POST + b"Content-Length: 50\r\n\r\n{")
            await until(lambda: api.server.requests_count == 1)
        await until(lambda: not api.server.connections)
    assert bridge.submitted == []
    assert caplog.records == []


async def test_a_client_that_hangs_up_before_the_verdict_leaves_no_noise(
    api: Api, bridge: FakeBridge, caplog: pytest.LogCaptureFixture, until: Until
) -> None:
    bridge.may_answer.clear()
    with caplog.at_level(logging.INFO):
        async with api.connect() as (_, writer):
            writer.write(request())
            await until(lambda: bool(bridge.submitted))
        bridge.may_answer.set()
        await until(lambda: not api.server.connections)
    assert caplog.records == []


async def test_a_failing_handler_is_a_500_problem_with_a_traceback_in_the_log(
    api: Api, bridge: FakeBridge, caplog: pytest.LogCaptureFixture
) -> None:
    bridge.verdict = ZeroDivisionError("a bug")
    document = problem(await api.raw(request()))
    assert document["type"] == "/problems/internal-error"
    assert "a bug" not in document["detail"]
    (record,) = caplog.records
    assert record.getMessage() == "api.handler_failed"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)


async def test_a_timeout_that_nobody_expected_is_a_500_problem_too(
    api: Api, bridge: FakeBridge, caplog: pytest.LogCaptureFixture
) -> None:
    bridge.verdict = TimeoutError("a bug")
    assert problem(await api.raw(request()))["status"] == 500
    assert caplog.records[0].exc_info is not None


async def test_replies_on_one_connection_come_in_order_with_a_date_each(api: Api, bridge: FakeBridge) -> None:
    responses = parse(await api.raw(request() * 3 + request(b"{}") + request(PAYMENT, CLOSE)))
    assert [status for status, _, _ in responses] == [202, 202, 202, 400, 202]
    assert len(bridge.submitted) == 4
    date = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
    for _, headers, _ in responses:
        assert date.fullmatch(headers["date"])
        assert headers["x-served-by"] == "api-1"
    assert [headers.get("connection") for _, headers, _ in responses] == [None] * 4 + ["close"]


async def test_the_date_keeps_up_with_the_clock(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    dates = []
    for now_s in (0, 0.9, 1.1):
        monkeypatch.setattr(replies, "time", SimpleNamespace(time=lambda now_s=now_s: now_s))
        ((_, headers, _),) = parse(await api.first_answer(request()))
        dates.append(headers["date"])
    assert dates == ["Thu, 01 Jan 1970 00:00:00 GMT"] * 2 + ["Thu, 01 Jan 1970 00:00:01 GMT"]


async def test_http_1_0_is_answered_in_kind(api: Api) -> None:
    post = request().replace(b"HTTP/1.1", b"HTTP/1.0")
    raw = await api.raw(post)
    assert raw.startswith(b"HTTP/1.0 202 ")
    raw = await api.raw(post.replace(b"Host: x", b"Connection: keep-alive"), post)
    assert [headers.get("connection") for _, headers, _ in parse(raw)] == ["keep-alive", None]


@given(
    raw=st.binary(max_size=200)
    | st.builds(
        lambda method, target, header: b"%s %s HTTP/1.1\r\nX: %s\r\n\r\n" % (method, target, header),
        st.sampled_from([b"GET", b"POST", b"CONNECT", b"OPTIONS", b"HEAD"]),
        st.binary(min_size=1, max_size=40).map(lambda raw: b"/" + raw) | st.binary(min_size=1, max_size=40),
        st.binary(max_size=20),
    )
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(raw=b"GET /%00%ff HTTP/1.1\r\n\r\n")
@example(raw=b"GET /payments HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")
@example(raw=b"CONNECT [ HTTP/1.1\r\n\r\n")
async def test_no_bytes_are_answered_with_a_500(api: Api, raw: bytes) -> None:
    async with api.connect() as (reader, writer):
        writer.write(raw)
        writer.write_eof()
        answer = await reader.read()
    assert re.match(rb"\Z|HTTP/1\.[01] [1-4]\d\d ", answer)
