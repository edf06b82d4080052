"""The short way of a payment: who may take it, and that nobody can tell from the answer which way one went."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from actors.values import Payment, Verdict
from rinha.api import connection
from rinha.api.lane import HEADS_MAX, Lane, body_length
from rinha.bridge.errors import NoCredit, NoCreditReason, OutcomeUnknown
from tests.api.wire import Wire
from tests.support.recording import Notes

if TYPE_CHECKING:
    from tests.api.conftest import Api, FakeGateway, StartApi, Until

ID = "4a7901b8-7d26-4d9d-aa19-4dc1c7cf60b3"
BODY = f'{{"correlationId":"{ID}","amount":19.9}}'.encode()
VERDICTS = [
    *Verdict,
    *map(NoCredit, NoCreditReason),
    OutcomeUnknown(UUID(ID).bytes, 2.5),
]


def request(*lines: bytes, body: bytes = BODY, start: bytes = b"POST /payments HTTP/1.1") -> bytes:
    """A request with a host and its length, and further lines."""
    head = [start, b"Host: x", b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


TAKEN = {
    "as curl": request(b"User-Agent: curl/7.88.1", b"Accept: */*", b"Content-Type: application/json"),
    "as HAProxy": request(b"x-forwarded-for: 10.0.0.1", b"connection: keep-alive").replace(b"Host", b"host"),
    "blanks around a value": request(b"Accept:\t */*"),
    "no JSON": request(body=b"hello"),
    "no payment": request(body=b'{"amount": -1}'),
    "the longest body": request(body=BODY.ljust(4096)),
    "a form's type": request(b"Content-Type: application/x-www-form-urlencoded"),
}
"""Requests that go the short way."""

NOT_TAKEN = {
    "another path": request(start=b"POST /payment HTTP/1.1"),
    "a query": request(start=b"POST /payments?a=1 HTTP/1.1"),
    "another method": request(start=b"PUT /payments HTTP/1.1"),
    "HTTP/1.0": request(start=b"POST /payments HTTP/1.0"),
    "a caller's trace": request(b"traceparent: 00-" + b"ab" * 16 + b"-" + b"cd" * 8 + b"-01"),
    "a page's origin": request(b"Origin: http://x"),
    "another site": request(b"Sec-Fetch-Site: cross-site"),
    "a token": request(b"Authorization: Bearer x"),
    "an expectation": request(b"Expect: 100-continue"),
    "an upgrade": request(b"Upgrade: h2c", b"Connection: upgrade"),
    "the last one": request(b"Connection: close"),
    "an encoding": request(b"Content-Encoding: gzip"),
    "an encoding that is none": request(b"Content-Encoding: identity"),
    "chunks, too": request(b"Transfer-Encoding: chunked"),
    "a second length": request(b"Content-Length: 7"),
    "a second host": request(b"Host: y"),
    "no host": request().replace(b"Host: x\r\n", b""),
    "no length": b"POST /payments HTTP/1.1\r\nHost: x\r\n\r\n",
    "no body": request(body=b""),
    "a body too long": request(body=BODY.ljust(4097)),
    "a signed length": request().replace(b"Length: ", b"Length: +"),
    "a padded length": request().replace(b"Length: ", b"Length: 0"),
    "two lengths in one": request().replace(b"Length: ", b"Length: 5, "),
    "a folded line": request(b"Accept: a", b" b"),
    "a blank before the colon": request(b"Accept : a"),
    "a blank before the name": request(b" Accept: a"),
    "no value": request(b"Accept:"),
    "a blank behind the value": request(b"Accept: a "),
    "an unknown field": request(b"X-Anything: 1"),
    "a line feed alone": request().replace(b"Host: x\r\n", b"Host: x\n"),
    "a carriage return alone": request(b"Accept: a\rContent-Length: 7"),
    "a zero byte": request(b"Accept: a\0"),
    "not ASCII": request(b"User-Agent: \xff"),
    "a blank line first": b"\r\n" + request(),
    "two blanks": request(start=b"POST  /payments HTTP/1.1"),
    "an absolute target": request(start=b"POST http://x/payments HTTP/1.1"),
    "a long head": request(b"User-Agent: " + b"x" * 2048),
}
"""Requests, or what looks like them, that aiohttp has to see."""


class Bench:
    """An API, and how many requests aiohttp has seen there."""

    def __init__(self, api: Api) -> None:
        self.server = api.server

    @property
    def seen(self) -> int:
        return self.server.requests_count

    async def both_ways(self, raw: bytes) -> tuple[bytes, bytes]:
        """What the same bytes get if they come at once, and if the first comes by itself: that goes to aiohttp."""
        answers = []
        for pieces in ([raw], [raw[:1], raw[1:]]):
            wire = Wire(self.server)
            wire.send(*pieces)
            answers.append(await wire.answers())
            wire.hang_up()
        return answers[0], answers[1]


@pytest.fixture
async def bench(api: Api) -> Bench:
    return Bench(api)


@pytest.mark.parametrize("raw", TAKEN.values(), ids=TAKEN)
async def test_who_may_goes_the_short_way_and_gets_the_same_answer(bench: Bench, raw: bytes) -> None:
    short, long = await bench.both_ways(raw)
    assert short == long
    assert bench.seen == 1


@pytest.mark.parametrize("raw", NOT_TAKEN.values(), ids=NOT_TAKEN)
async def test_all_else_is_left_to_aiohttp_as_it_came(bench: Bench, raw: bytes) -> None:
    short, long = await bench.both_ways(raw)
    assert short == long
    assert bench.seen == 2


@pytest.mark.parametrize("raw", [*TAKEN.values(), *NOT_TAKEN.values()], ids=[*TAKEN, *NOT_TAKEN])
async def test_what_does_not_come_whole_or_comes_with_more_goes_to_aiohttp(bench: Bench, raw: bytes) -> None:
    for pieces in ([raw, raw], [raw + raw], [raw[:-1], raw[-1:], raw]):
        wire = Wire(bench.server)
        wire.send(*pieces)
        await wire.answers()
        wire.hang_up()
    assert bench.seen >= 2


@pytest.mark.parametrize("verdict", VERDICTS, ids=repr)
@pytest.mark.parametrize("accept", ["queued", "received", "durable"])
async def test_every_answer_is_the_same_both_ways(
    start_api: StartApi, gateway: FakeGateway, accept: str, verdict: Verdict | Exception
) -> None:
    gateway.verdict = verdict
    gateway.posting = verdict if isinstance(verdict, NoCredit) else None
    short, long = await Bench(await start_api(accept=accept)).both_ways(request())
    assert short == long


field_names = st.sampled_from(
    [b"Accept", b"accept", b"Host", b"Connection", b"Content-Type", b"Content-Length", b"Via", b"X", b"Expect"]
)
field_values = st.sampled_from([b"x", b"keep-alive", b"Keep-Alive", b"close", b"7", b"73", b"a, b"]) | st.binary(
    max_size=8
)
lines = st.lists(
    st.builds(lambda *parts: b"".join(parts), field_names, st.sampled_from([b": ", b":", b" :"]), field_values)
)


@given(lines=lines, end=st.sampled_from([b"\r\n\r\n", b"\n\n", b"\r\n\n"]), body=st.just(BODY) | st.binary(max_size=99))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(lines=[b"Content-Length: 73", b"Host: x"], end=b"\r\n\r\n", body=BODY)
async def test_no_head_is_read_in_another_way_than_aiohttp_reads_it(
    bench: Bench, lines: list[bytes], end: bytes, body: bytes
) -> None:
    head = b"\r\n".join([b"POST /payments HTTP/1.1", *lines]) + end
    if body_length(head) == len(body):
        short, long = await bench.both_ways(head + body)
        assert short == long


def test_heads_that_are_remembered_are_few() -> None:
    lane = Lane()
    for number in range(3 * HEADS_MAX):
        raw = request(b"User-Agent: %d" % number)
        assert [lane.body_of(raw), lane.body_of(raw + b"x"), lane.body_of(raw[:-1])] == [BODY, None, None]
    assert len(lane._heads) == HEADS_MAX


async def test_its_hop_is_noted_and_its_payment_counted(start_api: StartApi, gateway: FakeGateway) -> None:
    notes = Notes(share=1, now_ns=time.time_ns)
    bench = Bench(await start_api(recorder=notes))
    wire = Wire(bench.server)
    wire.send(request())
    await wire.answers()
    ((_, took_ns, payment_id, hop, *_, fields),) = notes.records
    assert (payment_id, hop, fields) == (UUID(ID).bytes, "api.request", {"status": 202})
    assert took_ns > 0
    assert gateway.submitted == [Payment(UUID(ID).bytes, 1990, gateway.submitted[0].traced_at_us)]
    assert gateway.submitted[0].traced_at_us
    assert bench.seen == 0


class TestWhileItsVerdictIsWaitedFor:
    @pytest.fixture
    async def waiting(self, bench: Bench, gateway: FakeGateway) -> Wire:
        gateway.may_answer.clear()
        wire = Wire(bench.server)
        wire.send(request())
        return wire

    async def test_what_comes_behind_it_is_answered_after_it(
        self, bench: Bench, gateway: FakeGateway, waiting: Wire
    ) -> None:
        waiting.send(request(body=b"{}") + request(start=b"GET /nowhere HTTP/1.1"))
        read_on = [waiting.reading]
        gateway.may_answer.set()
        answers = await waiting.answers(3)
        assert [*read_on, waiting.reading] == [False, True]
        assert [int(each[:3]) for each in answers.split(b"HTTP/1.1 ")[1:]] == [202, 400, 404]

    async def test_one_by_one_they_all_go_the_short_way(
        self, bench: Bench, gateway: FakeGateway, waiting: Wire
    ) -> None:
        waiting.send(request())
        gateway.may_answer.set()
        await waiting.answers(2)
        waiting.send(request())
        await waiting.answers(3)
        assert bench.seen == 0
        assert len(gateway.submitted) == 3

    async def test_a_client_that_sends_nothing_more_gets_its_answer(self, gateway: FakeGateway, waiting: Wire) -> None:
        waiting.end()
        gateway.may_answer.set()
        assert (await waiting.answers()).startswith(b"HTTP/1.1 202 ")
        assert waiting.closed

    async def test_a_client_that_is_gone_leaves_no_noise(
        self,
        bench: Bench,
        gateway: FakeGateway,
        waiting: Wire,
        until: Until,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        await until(lambda: gateway.submitted)
        with caplog.at_level(logging.INFO):
            waiting.hang_up()
            gateway.may_answer.set()
            await asyncio.sleep(0)
            await until(lambda: not bench.server.connections)
        assert caplog.records == []
        assert waiting.written == b""

    async def test_the_end_waits_for_the_answer_which_says_that_it_is_the_last(
        self, bench: Bench, gateway: FakeGateway, waiting: Wire, until: Until
    ) -> None:
        await until(lambda: gateway.submitted)
        await bench.server.drain()
        ending = asyncio.create_task(bench.server.shutdown(5))
        await asyncio.sleep(0)
        assert waiting.written == b""
        gateway.may_answer.set()
        await ending
        answer = await waiting.answers()
        assert answer.startswith(b"HTTP/1.1 202 ")
        assert b"\r\nConnection: close\r\n" in answer
        assert waiting.closed

    async def test_it_is_not_idle(
        self, gateway: FakeGateway, bench: Bench, monkeypatch: pytest.MonkeyPatch, until: Until
    ) -> None:
        monkeypatch.setitem(connection.CONNECTION_OPTIONS, "keepalive_timeout", 0.02)
        gateway.may_answer.clear()
        waiting, idle = Wire(bench.server), Wire(bench.server)
        waiting.send(request())
        idle.send(request(body=b"{}"))
        await until(lambda: idle.closed)
        await asyncio.sleep(0.05)
        assert not waiting.closed
        gateway.may_answer.set()
        assert (await waiting.answers()).startswith(b"HTTP/1.1 202 ")
        await until(lambda: waiting.closed)

    async def test_it_does_not_make_room(self, start_api: StartApi, gateway: FakeGateway, until: Until) -> None:
        api = await start_api(connections_max=1)
        gateway.may_answer.clear()
        waiting = Wire(api.server)
        waiting.send(request())
        other = Wire(api.server)
        await until(lambda: other.closed)
        assert not waiting.closed


async def test_requests_keep_their_connection_from_being_idle(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.CONNECTION_OPTIONS, "keepalive_timeout", 0.1)
    wire, idle = Wire(bench.server), Wire(bench.server)
    sent = 0
    async with asyncio.timeout(5):
        while not idle.closed:
            wire.send(request())
            sent += 1
            await wire.answers(sent)
            await asyncio.sleep(0.01)
    assert not wire.closed


@pytest.mark.parametrize("error", [ZeroDivisionError("marbles"), TimeoutError("marbles"), ConnectionError("marbles")])
@pytest.mark.parametrize("accept", ["queued", "received"])
async def test_when_its_handling_fails_it_is_500_and_the_log_has_the_traceback(
    start_api: StartApi, gateway: FakeGateway, accept: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.verdict = gateway.posting = error
    wire = Wire((await start_api(accept=accept)).server)
    wire.send(request())
    answer = await wire.answers()
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"marbles" not in answer
    assert b"\r\nConnection: close\r\n" in answer
    assert wire.closed
    (record,) = caplog.records
    assert record.getMessage() == "api.handler_failed"
    assert record.exc_info is not None
    assert record.exc_info[1] is error


async def test_while_the_api_ends_aiohttp_sees_everything(bench: Bench) -> None:
    await bench.server.drain()
    wire = Wire(bench.server)
    wire.send(request())
    assert b"\r\nConnection: close\r\n" in await wire.answers()
    assert bench.seen == 1
