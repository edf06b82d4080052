"""A bridge that does as the test says, and an API that listens on a real socket."""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson
import pytest
from aiohttp import ClientSession, web

from actors.tracing import NotRecording
from actors.values import Verdict
from rinha.api.app import make_server
from rinha.bridge.client.refusing import Refusing
from rinha.bridge.protocol.wire.frames import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from actors.values import Payment
    from rinha.api.app import ApiServer
    from rinha.bridge.protocol.wire.processes import StreamReport

    Connection = AbstractAsyncContextManager[tuple[asyncio.StreamReader, asyncio.StreamWriter]]


class FakeGateway:
    """The worker's side, scripted: each answer may be a value or an exception."""

    def __init__(self) -> None:
        self.ready = True
        self.submitted: list[Payment] = []
        self.posted: list[Payment] = []
        self.asked: list[object] = []
        self.verdict: Verdict | Exception = Verdict.TAKEN
        self.posting: Exception | None = None
        self.answer: object = None
        self.answers: dict[type, object] = {}
        """By the question's class, before ``answer``."""
        self.unacknowledged: list[Payment] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.started = False
        self.closed_within_s: float | None = None
        self.refusing = Refusing(lambda: 1_764_144_003_000)
        self.tally = Tally(9, 100_000, 100_000)
        self.outbox_size = 0
        self.credit = 512
        self.stream: StreamReport | None = None

    async def start(self) -> None:
        self.started = True

    def begin(self, payment: Payment) -> asyncio.Future[Verdict]:
        return asyncio.ensure_future(self._decide(payment))

    async def _decide(self, payment: Payment) -> Verdict:
        self.submitted.append(payment)
        await self.may_answer.wait()
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict

    def post(self, payment: Payment) -> None:
        self.posted.append(payment)
        if self.posting:
            raise self.posting

    async def ask(self, question: object, *, timeout_s: float) -> Any:
        self.asked.append(question)
        await self.may_answer.wait()
        answer = self.answers.get(type(question), self.answer)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def stream_report(self, *, timeout_s: float) -> StreamReport | None:
        return self.stream

    async def close(self, flush_timeout_s: float) -> list[Payment]:
        self.closed_within_s = flush_timeout_s
        return self.unacknowledged


@asynccontextmanager
async def connect(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection for as long as the context lasts, which is a second at most."""
    async with asyncio.timeout(1):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


class Answer(NamedTuple):
    """One HTTP response as it came; the names of headers in lower case."""

    version: str
    status: int
    headers: dict[str, str]
    body: bytes

    def problem(self) -> dict[str, Any]:
        """The problem document, after a look at what all of them must have."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.headers["x-served-by"] == "api-1"
        document: dict[str, Any] = orjson.loads(self.body)
        assert document["status"] == self.status
        return document


def parse_answers(raw: bytes) -> list[Answer]:
    """Split what a connection gave into responses."""
    answers = []
    while raw:
        head, _, rest = raw.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("ascii").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", "0"))
        version, status, _ = status_line.split(" ", 2)
        answers.append(Answer(version, int(status), headers, rest[:length]))
        raw = rest[length:]
    return answers


class Api:
    """A listening API and a client of it."""

    def __init__(self, server: ApiServer, port: int, client: ClientSession) -> None:
        self.server = server
        self.port = port
        self.client = client

    @staticmethod
    def post(body: bytes, *headers: bytes) -> bytes:
        """Make a ``POST /payments``."""
        lines = [b"POST /payments HTTP/1.1", b"Host: x", b"Content-Length: %d" % len(body), *headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    async def answers(self, raw: bytes) -> list[Answer]:
        """Send bytes and read until the API closes the connection."""
        async with self.connect() as (reader, writer):
            writer.write(raw)
            return parse_answers(await reader.read())

    async def answer(self, raw: bytes) -> Answer:
        """Send bytes and read one response, whether or not the connection is closed then."""
        async with self.connect() as (reader, writer):
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            (answer,) = parse_answers(head + await reader.readexactly(int(length[1]) if length else 0))
            return answer

    def connect(self) -> Connection:
        """Open a connection for as long as the context lasts, which is a second at most."""
        return connect(self.port)


class StartApi(Protocol):
    """Starts an API with these options; see ``make_server``."""

    async def __call__(self, **options: Any) -> Api: ...


class Connect(Protocol):
    """Opens a connection to a port of this host."""

    def __call__(self, port: int) -> Connection: ...


class Until(Protocol):
    """Waits for a condition, at most 5 s."""

    async def __call__(self, condition: Callable[[], object]) -> None: ...


@pytest.fixture
def until() -> Until:
    async def wait(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture(name="connect")
def provide_connect() -> Connect:
    return connect


@pytest.fixture
async def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
async def start_api(gateway: FakeGateway) -> AsyncIterator[StartApi]:
    async with AsyncExitStack() as stack:

        async def start(**options: Any) -> Api:
            defaults: dict[str, Any] = {"accept": "received", "name": "api-1", "recorder": NotRecording()}
            server = make_server(gateway, **(defaults | options))
            runner = web.ServerRunner(server, shutdown_timeout=1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            sock = socket.create_server(("127.0.0.1", 0))
            await web.SockSite(runner, sock).start()
            port = sock.getsockname()[1]
            client = await stack.enter_async_context(ClientSession(f"http://127.0.0.1:{port}"))
            return Api(server, port, client)

        yield start


@pytest.fixture
async def api(start_api: StartApi) -> Api:
    return await start_api()
