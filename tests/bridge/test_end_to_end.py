"""The real client against the real server, over TCP and over a Unix socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from actors.messages.people import (
    GetHeldReport,
    GetPayment,
    GetProcessors,
    GetRows,
    GetStatistics,
    GetSummary,
    Purge,
    RetryParked,
)
from actors.tracing import Tracer
from actors.values import LedgerRow, RowsPage, Totals, Verdict
from rinha.bridge.client.client import BridgeClient
from rinha.net.address import UnixAddress
from rinha.net.secret import FixedSecret
from tests.bridge.scripted_worker import eventually, payment
from tests.support.samples import HELD, PAYMENT, PROCESSORS, STATISTICS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rinha.net.address import Address


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., Any]]:
    clients = []

    async def start(address: Address, *, secret: bytes = b"secret", ready: bool = True) -> BridgeClient:
        client = BridgeClient(address, FixedSecret(secret), name="api", answer_timeout_s=5.0, tracer=Tracer())
        clients.append(client)
        await client.start()
        if ready:
            assert await client.wait_ready(5)
            await eventually(lambda: client.refusing.reason is None, "no credit")
        return client

    yield start
    for client in clients:
        await client.close(0)


@pytest.mark.parametrize("scheme", ["tcp", "unix"])
async def test_payments_go_over_and_verdicts_come_back(
    start_worker: Any, connect: Any, scheme: str, tmp_path: Any
) -> None:
    worker = start_worker("tcp://127.0.0.1:0" if scheme == "tcp" else f"unix:{tmp_path / 'bridge'}", credit=1000)
    worker.intake.verdicts[payment(7).payment_id] = Verdict.CONFLICT
    client = await connect(worker.address)
    verdicts = await asyncio.gather(*(client.submit(payment(n)) for n in range(1, 501)))
    assert [n for n, verdict in enumerate(verdicts, 1) if verdict is not Verdict.TAKEN] == [7]
    assert worker.intake.taken == [payment(n) for n in range(1, 501) if n != 7]
    assert len(worker.intake.submitted) < 50, "payments ride together"


async def test_every_question_is_answered(start_worker: Any, connect: Any) -> None:
    summary = {"default": Totals(2, 3980), "fallback": Totals(0, 0)}
    answers: dict[type, Any] = {GetSummary: summary, GetStatistics: STATISTICS, RetryParked: 1}
    answers |= {GetPayment: (PAYMENT,), GetHeldReport: HELD, GetProcessors: PROCESSORS}
    asked: list[Any] = []

    def answer(question: object) -> object:
        asked.append(question)
        return answers[type(question)]

    client = await connect(start_worker(answer=answer).address)
    assert await client.ask(GetSummary(1, None), timeout_s=5) == summary
    assert await client.ask(GetStatistics(), timeout_s=5) == STATISTICS
    assert await client.ask(RetryParked(), timeout_s=5) == 1
    assert await client.ask(GetPayment("4a7901"), timeout_s=5) == (PAYMENT,)
    assert await client.ask(GetHeldReport(), timeout_s=5) == HELD
    assert await client.ask(GetProcessors(), timeout_s=5) == PROCESSORS
    questions = [GetSummary(1, None), GetStatistics(), RetryParked(), GetPayment("4a7901")]
    assert asked == [*questions, GetHeldReport(), GetProcessors()]


async def test_a_purge_reaches_every_api_before_it_is_answered(start_worker: Any, connect: Any) -> None:
    worker = start_worker(epoch=1)
    one, two = await connect(worker.address), await connect(worker.address)
    assert await one.ask(Purge(), timeout_s=5) == 2
    await two.submit(payment(1))
    assert [message.epoch for message in worker.intake.submitted] == [2]


async def test_a_wrong_secret_never_becomes_ready(start_worker: Any, connect: Any, caplog: Any) -> None:
    worker = start_worker()
    client = await connect(worker.address, secret=b"wrong", ready=False)
    await eventually(lambda: "bridge.refused" in caplog.messages, "not refused")
    assert not client.ready
    assert worker.intake.messages == []


async def test_a_restarted_worker_gets_what_was_not_acknowledged(start_worker: Any, connect: Any) -> None:
    first = start_worker(incarnation=1, epoch=5)
    client = await connect(first.address)
    await client.submit(payment(1))
    first.intake.holding = True
    submits = [asyncio.create_task(client.submit(payment(n))) for n in (2, 3)]
    await eventually(lambda: len(first.intake.submitted) == 2, "not submitted")
    await asyncio.to_thread(first.stop)
    assert not client.ready
    second = start_worker(first.address, incarnation=2, epoch=1)
    assert await asyncio.gather(*submits) == [Verdict.TAKEN] * 2
    (message,) = second.intake.submitted
    assert (message.epoch, message.first_sequence, message.redelivered) == (1, 2, True)
    assert message.payments == [payment(2), payment(3)]


async def test_an_api_may_be_there_before_the_worker(
    start_worker: Any, connect: Any, tmp_path: Any, caplog: Any
) -> None:
    address = UnixAddress(str(tmp_path / "bridge"))
    client = await connect(address, ready=False)
    await eventually(lambda: "bridge.connect_failed" in caplog.messages, "not tried")
    start_worker(address)
    assert await client.wait_ready(5)


async def test_a_drained_worker_acknowledges_and_the_next_one_gets_the_rest(start_worker: Any, connect: Any) -> None:
    first = start_worker(incarnation=1)
    client = await connect(first.address)
    first.intake.holding = True
    early = asyncio.create_task(client.submit(payment(1)))
    await eventually(lambda: first.intake.submitted, "not submitted")
    drained = first.begin(lambda: first.server.drain(5.0))
    await eventually(lambda: first.server.is_draining, "not draining")
    late = asyncio.create_task(client.submit(payment(2)))
    first.call(first.intake.release)
    assert await early is Verdict.TAKEN
    await asyncio.wrap_future(drained)
    assert not late.done()
    second = start_worker(first.address, incarnation=2)
    assert await late is Verdict.TAKEN
    assert first.intake.taken == [payment(1)]
    assert second.intake.taken == [payment(2)]


class Books:
    """Rows of a ledger that a purge may change between two pages."""

    def __init__(self, count: int) -> None:
        self.epoch = 1
        self.rows = [LedgerRow(n.to_bytes(16), ("default", "fallback")[n % 2], n, 10**12 + n) for n in range(count)]
        self.pages = 0
        self.purge_before_page = 0

    def answer(self, question: Any) -> object:
        assert isinstance(question, GetRows)
        self.pages += 1
        if self.pages == self.purge_before_page:
            self.epoch, self.rows = 2, self.rows[:10]
        return RowsPage(self.epoch, len(self.rows), self.rows[question.start : question.start + question.limit])


@pytest.mark.parametrize("count", [0, 1, 2_000, 5_001])
async def test_the_books_come_in_pages(start_worker: Any, connect: Any, count: int) -> None:
    books = Books(count)
    client = await connect(start_worker(answer=books.answer).address)
    assert await client.rows(timeout_s=5) == books.rows
    assert books.pages == max(1, -(-count // 2_000))


async def test_a_purge_between_two_pages_begins_the_books_anew(start_worker: Any, connect: Any) -> None:
    books = Books(5_000)
    books.purge_before_page = 3
    client = await connect(start_worker(answer=books.answer).address)
    rows = await client.rows(timeout_s=5)
    assert rows == books.rows
    assert len(rows) == 10
