"""What the API answers to requests that no handler wants, to bytes that are no request, and over which connection."""

from __future__ import annotations

import logging
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rinha.api import replies

if TYPE_CHECKING:
    from tests.api.conftest import Api, FakeGateway, Until

PAYMENT = b'{"correlationId":"4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3","amount":19.9}'
CLOSE = b"Connection: close"
POST = b"POST /payments HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("path", ["/", "/nothing", "/payments/", "//payments", "/payments-summary/x", "/" + "x" * 999])
async def test_an_unknown_path_is_404(api: Api, path: str) -> None:
    document = (await api.answer(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())).problem()
    assert document["type"] == "/problems/not-found"
    assert path[:80] in document["detail"]


@pytest.mark.parametrize("line", [b"OPTIONS *", b"GET http://x/nothing", b"CONNECT x:9999", b"GET /%00%ff"])
async def test_targets_of_any_form_are_404(api: Api, line: bytes) -> None:
    assert (await api.answer(line + b" HTTP/1.1\r\nHost: x\r\n\r\n")).problem()["status"] == 404


@pytest.mark.parametrize("target", ["http://other/health/live", "/health/l%69ve", "/health/live?x#y"])
async def test_every_spelling_of_a_path_is_found(api: Api, target: str) -> None:
    assert (await api.answer(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())).status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/payments", "POST, GET, HEAD"),
        ("OPTIONS", "/payments", "POST, GET, HEAD"),
        ("GET", "/parked/retry", "POST"),
        ("POST", "/payments-summary", "GET, HEAD"),
        ("GET", "/purge-payments", "POST, DELETE"),
        ("POST", "/health/live", "GET, HEAD"),
        ("PROPFIND", "/statistics", "GET, HEAD"),
        ("GET", "/payments/x/settled", "POST"),
        ("POST", "/payments/unknown", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_405_and_says_which_are_right(api: Api, method: str, path: str, allowed: str) -> None:
    answer = await api.answer(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert answer.problem()["type"] == "/problems/method-not-allowed"
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


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
        b"CONNECT \n\r\n",
    ],
)
async def test_bytes_that_are_no_http_get_a_problem_and_the_connection_is_closed(
    api: Api, caplog: pytest.LogCaptureFixture, raw: bytes
) -> None:
    with caplog.at_level(logging.INFO):
        (answer,) = await api.answers(raw)
    assert answer.problem()["type"] == "/problems/malformed-http"
    assert caplog.records == []


async def test_a_client_that_hangs_up_before_the_verdict_leaves_no_noise(
    api: Api, gateway: FakeGateway, caplog: pytest.LogCaptureFixture, until: Until
) -> None:
    gateway.may_answer.clear()
    with caplog.at_level(logging.INFO):
        async with api.connect() as (_, writer):
            writer.write(api.post(PAYMENT))
            await until(lambda: gateway.submitted)
        gateway.may_answer.set()
        await until(lambda: not api.server.connections)
    assert caplog.records == []


@pytest.mark.parametrize("error", [ZeroDivisionError("marbles"), TimeoutError("marbles"), ConnectionError("marbles")])
async def test_a_failing_handler_is_a_500_problem_with_a_traceback_in_the_log(
    api: Api, gateway: FakeGateway, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    gateway.verdict = error
    (answer,) = await api.answers(api.post(PAYMENT))
    assert answer.problem()["type"] == "/problems/internal-error"
    assert b"marbles" not in answer.body
    (record,) = caplog.records
    assert record.getMessage() == "api.handler_failed"
    assert record.exc_info is not None
    assert record.exc_info[1] is error


async def test_answers_on_one_connection_come_in_order(api: Api, gateway: FakeGateway) -> None:
    answers = await api.answers(api.post(PAYMENT) * 3 + api.post(b"{}") + api.post(PAYMENT, CLOSE))
    assert [answer.status for answer in answers] == [202, 202, 202, 400, 202]
    assert [answer.headers.get("connection") for answer in answers] == [None] * 4 + ["close"]
    assert {answer.headers["x-served-by"] for answer in answers} == {"api-1"}
    assert len(gateway.submitted) == 4


async def test_the_date_keeps_up_with_the_clock(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    dates = []
    for now_s in (0, 0.9, 1.1):
        monkeypatch.setattr(replies, "time", SimpleNamespace(time=lambda now_s=now_s: now_s))
        dates.append((await api.answer(api.post(PAYMENT))).headers["date"])
    assert dates == ["Thu, 01 Jan 1970 00:00:00 GMT"] * 2 + ["Thu, 01 Jan 1970 00:00:01 GMT"]


async def test_http_1_0_is_answered_in_kind(api: Api) -> None:
    post = api.post(PAYMENT).replace(b"HTTP/1.1", b"HTTP/1.0")
    answers = await api.answers(post.replace(b"Host: x", b"Connection: keep-alive") + post)
    assert [(answer.version, answer.status) for answer in answers] == [("HTTP/1.0", 202)] * 2
    assert [answer.headers.get("connection") for answer in answers] == ["keep-alive", None]


@pytest.mark.parametrize(
    "raw", [b"GET /\xff HTTP/1.1\r\n", b"GET /\xc3\xa9 HTTP/1.1\r\n", POST + b"Content-Encoding: \xff\r\n"]
)
async def test_heads_that_are_no_utf_8_are_refused_like_others(api: Api, raw: bytes) -> None:
    answer = await api.answer(raw + b"\r\n")
    assert answer.problem()["status"] in (400, 404, 415)


@pytest.mark.parametrize("name", ["", " api", "api\r\nX: y", "ápi"])
def test_a_name_that_can_not_stand_in_a_header_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="can't be sent in a header"):
        replies.Replies(name)


@given(
    raw=st.binary(max_size=200)
    | st.builds(
        lambda method, target, header: b"%s %s HTTP/1.1\r\nX: %s\r\n\r\n" % (method, target, header),
        st.sampled_from([b"GET", b"DELETE", b"POST", b"CONNECT", b"OPTIONS", b"HEAD"]),
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
    assert re.match(rb"\Z|HTTP/(0\.9|1\.[01]) [1-4]\d\d ", answer)
