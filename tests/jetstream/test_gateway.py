"""An API's way to the workers over JetStream, at a real server."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from actors.messages.people import GetSummary, Purge
from actors.tracing import NotRecording
from actors.values import Payment, Totals, Verdict
from rinha.bridge.errors import (
    NoCredit,
    NoCreditReason,
    OutcomeUnknown,
    RequestFailed,
    RequestInterrupted,
    ShardUnavailable,
)
from rinha.bridge.protocol.wire.frames import ReplyStatus
from rinha.bridge.protocol.wire.questions import decode_request, encode_reply
from rinha.jetstream.asking import dump_reply, load_question
from rinha.jetstream.batch import PaymentsBatch, PurgeOrder, decode
from rinha.jetstream.connect import connect
from rinha.jetstream.gateway import JetStreamGateway
from rinha.jetstream.names import STREAM, ask_subject, shard_of
from rinha.jetstream.stream import JetStreamOff, StreamDiffers, open_stream
from rinha.net.nats_url import parse_nats_url
from tests.support.nats import nats_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from nats.aio.client import Client
    from nats.aio.msg import Msg

    from tests.support.nats import NatsServer

SHARDS = 3


def payment(number: int) -> Payment:
    return Payment(number.to_bytes(16, "big"), 100 + number)


def gateway_to(server: NatsServer, **options: float) -> JetStreamGateway:
    url = parse_nats_url(server.url)
    defaults = {"shards": SHARDS, "replicas": 1, "answer_timeout_s": 5.0} | options
    return JetStreamGateway(url, name="api-1", recorder=NotRecording(), **defaults)  # type: ignore[arg-type]


@pytest.fixture
async def gateway(server: NatsServer) -> AsyncIterator[JetStreamGateway]:
    gateway = gateway_to(server)
    await gateway.start()
    yield gateway
    await gateway.close(5.0)


@pytest.fixture
async def client(server: NatsServer) -> AsyncIterator[Client]:
    client = await connect(parse_nats_url(server.url), "test")
    yield client
    with contextlib.suppress(Exception):
        await client.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


async def all_sent(client: Client) -> None:
    """Wait until the server has what the client was told to send: a single flush's PING overtakes buffered SUBs."""
    await client.flush()
    await client.flush()


async def published(client: Client) -> list[tuple[int, PaymentsBatch | PurgeOrder]]:
    """All messages of the stream, with their shard."""
    context = client.jetstream()
    info = await context.stream_info(STREAM)
    messages: list[tuple[int, PaymentsBatch | PurgeOrder]] = []
    if not info.state.messages:
        return messages
    for number in range(info.state.first_seq, info.state.last_seq + 1):
        raw = await context.get_msg(STREAM, number)
        messages.append((int((raw.subject or "").rpartition(".")[2]), decode(raw.data or b"")))
    return messages


async def test_a_payment_is_taken_once_the_stream_has_it(gateway: JetStreamGateway, client: Client) -> None:
    assert gateway.ready
    assert await gateway.begin(payment(1)) is Verdict.TAKEN
    assert await published(client) == [(shard_of(payment(1).payment_id, SHARDS), PaymentsBatch((payment(1),)))]
    assert gateway.outbox_size == 0


async def test_payments_that_come_together_go_together_each_to_its_shard(
    gateway: JetStreamGateway, client: Client
) -> None:
    sent = [payment(number) for number in range(300)]
    assert set(await asyncio.gather(*map(gateway.begin, sent))) == {Verdict.TAKEN}
    messages = await published(client)
    assert len(messages) <= SHARDS * 3
    for shard in range(SHARDS):
        found = [
            each for at, batch in messages if at == shard and isinstance(batch, PaymentsBatch) for each in batch[0]
        ]
        assert found == [each for each in sent if shard_of(each.payment_id, SHARDS) == shard]


async def test_the_same_payment_again_is_another_message(gateway: JetStreamGateway, client: Client) -> None:
    """The id in the shard's journal is the barrier; JetStream's own would drop another amount as well."""
    assert await gateway.begin(payment(1)) is Verdict.TAKEN
    assert await gateway.begin(payment(1)._replace(amount_cents=7)) is Verdict.TAKEN
    assert len(await published(client)) == 2


async def test_without_nats_an_api_starts_and_refuses_and_takes_once_it_is_there(server: NatsServer) -> None:
    server.kill()
    gateway = gateway_to(server)
    await gateway.start()
    assert not gateway.ready
    with pytest.raises(NoCredit) as caught:
        await gateway.begin(payment(1))
    assert caught.value.reason is NoCreditReason.NATS_AWAY
    assert gateway.refusing.since_ms
    server.start()
    await until(lambda: gateway.ready)
    assert await gateway.begin(payment(1)) is Verdict.TAKEN
    await gateway.close(5.0)


async def test_a_full_stream_refuses(gateway: JetStreamGateway, client: Client) -> None:
    context = client.jetstream()
    config = (await context.stream_info(STREAM)).config
    await context.update_stream(config.evolve(max_bytes=1024))
    verdicts = []
    for number in range(20):
        try:
            verdicts.append(await gateway.begin(payment(number)))
        except NoCredit as error:
            assert error.reason is NoCreditReason.STREAM_FULL
    assert 0 < len(verdicts) < 20
    assert len(await published(client)) == len(verdicts)


async def test_a_stream_that_is_gone_refuses(gateway: JetStreamGateway, client: Client) -> None:
    await client.jetstream().delete_stream(STREAM)
    with pytest.raises(NoCredit) as caught:
        await gateway.begin(payment(1))
    assert caught.value.reason is NoCreditReason.NO_STREAM


async def test_a_server_that_is_killed_leaves_the_outcome_unknown_and_nothing_refused_is_delivered_later(
    gateway: JetStreamGateway, server: NatsServer, client: Client
) -> None:
    server.pause()
    in_doubt = [gateway.begin(payment(number)) for number in range(10)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    server.kill()
    results = await asyncio.gather(*in_doubt, return_exceptions=True)
    refused = {number for number, each in enumerate(results) if isinstance(each, NoCredit)}
    assert all(isinstance(each, NoCredit | OutcomeUnknown) for each in results)
    assert any(isinstance(each, OutcomeUnknown) for each in results)
    for number in range(100, 110):
        try:
            await gateway.begin(payment(number))
        except NoCredit:
            refused.add(number)
    assert refused >= set(range(100, 110))
    server.start()
    await until(lambda: gateway.ready)
    assert await gateway.begin(payment(1000)) is Verdict.TAKEN
    await until(lambda: client.is_connected)
    delivered = {
        int.from_bytes(each.payment_id, "big")
        for _, batch in await published(client)
        if isinstance(batch, PaymentsBatch)
        for each in batch.payments
    }
    assert 1000 in delivered
    assert not delivered & refused


async def test_what_the_stream_has_survives_its_server(
    gateway: JetStreamGateway, server: NatsServer, client: Client
) -> None:
    assert await gateway.begin(payment(1)) is Verdict.TAKEN
    server.kill()
    await until(lambda: not gateway.ready and not client.is_connected)
    server.start()
    await until(lambda: gateway.ready and client.is_connected)
    assert await gateway.begin(payment(2)) is Verdict.TAKEN
    assert len(await published(client)) == 2


async def test_an_api_of_another_number_of_shards_does_not_start(server: NatsServer, client: Client) -> None:
    await open_stream(client, shards=2)
    gateway = gateway_to(server)
    with pytest.raises(StreamDiffers):
        await gateway.start()
    await gateway.close(0.0)


async def test_an_api_without_jetstream_does_not_start(tmp_path: Path) -> None:
    with nats_server(tmp_path, jetstream=False) as plain:
        gateway = gateway_to(plain)
        with pytest.raises(JetStreamOff):
            await gateway.start()
        await gateway.close(0.0)


async def test_closing_waits_for_the_stream_and_takes_nothing_more(server: NatsServer, client: Client) -> None:
    gateway = gateway_to(server)
    await gateway.start()
    taken = gateway.begin(payment(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await gateway.close(5.0) == []
    assert await taken is Verdict.TAKEN
    with pytest.raises(NoCredit) as caught:
        await gateway.begin(payment(2))
    assert caught.value.reason is NoCreditReason.DRAINING


async def test_closing_waits_for_what_lingers_too(server: NatsServer) -> None:
    gateway = gateway_to(server, linger_s=0.2)
    await gateway.start()
    taken = [gateway.begin(payment(number)) for number in range(1, 20)]
    assert await gateway.close(5.0) == []
    assert await asyncio.gather(*taken) == [Verdict.TAKEN] * 19


class Worker:
    """A shard's worker behind a relay, scripted."""

    def __init__(self, client: Client, shard: int) -> None:
        self.client = client
        self.shard = shard
        self.status = ReplyStatus.OK
        self.answer: object = {"default": Totals(1 + shard, 10), "fallback": Totals(0, 0)}

    async def start(self) -> None:
        await self.client.subscribe(ask_subject(self.shard), cb=self._on_question)

    async def _on_question(self, message: Msg) -> None:
        kind, payload = load_question(message.data)
        decode_request(kind, payload)
        reply = b"it broke" if self.status is ReplyStatus.FAILED else encode_reply(kind, self.answer)
        for piece in dump_reply(self.status, reply):
            await message.respond(piece)


@pytest.fixture
async def workers(client: Client) -> list[Worker]:
    return [Worker(client, shard) for shard in range(SHARDS)]


async def test_all_shards_are_asked_and_added_up(
    gateway: JetStreamGateway, client: Client, workers: list[Worker]
) -> None:
    for each in workers:
        await each.start()
    await all_sent(client)
    assert await gateway.ask(GetSummary(), timeout_s=5) == {"default": Totals(6, 30), "fallback": Totals(0, 0)}


async def test_a_shard_without_a_worker_is_named_and_no_partial_sum_is_given(
    gateway: JetStreamGateway, client: Client, workers: list[Worker]
) -> None:
    for each in workers[:2]:
        await each.start()
    await all_sent(client)
    with pytest.raises(ShardUnavailable, match="shard 2 has no worker now"):
        await gateway.ask(GetSummary(), timeout_s=5)


async def test_a_shard_that_fails_is_named(gateway: JetStreamGateway, client: Client, workers: list[Worker]) -> None:
    for each in workers:
        await each.start()
    await all_sent(client)
    workers[1].status = ReplyStatus.FAILED
    with pytest.raises(RequestFailed, match="shard 1: it broke"):
        await gateway.ask(GetSummary(), timeout_s=5)


async def test_without_nats_no_shard_answers(gateway: JetStreamGateway, server: NatsServer) -> None:
    server.kill()
    await until(lambda: not gateway.ready)
    with pytest.raises(ShardUnavailable, match="NATS is away"):
        await gateway.ask(GetSummary(), timeout_s=5)


async def test_a_purge_goes_through_each_shards_stream_and_waits_for_all(
    gateway: JetStreamGateway, client: Client
) -> None:
    asked = asyncio.create_task(gateway.ask(Purge(), timeout_s=5))
    orders: list[tuple[int, PaymentsBatch | PurgeOrder]] = []
    async with asyncio.timeout(5):
        while len(orders) < SHARDS:
            orders = await published(client)
    for shard, order in orders:
        assert not asked.done()
        assert isinstance(order, PurgeOrder)
        await client.publish(order.reply_to, f"{shard} {shard + 1}".encode())
        await client.flush()
    assert await asked == 6
    assert sorted(shard for shard, _ in orders) == [0, 1, 2]


async def test_a_purge_that_a_shard_does_not_answer_may_have_been_carried_out(gateway: JetStreamGateway) -> None:
    with pytest.raises(RequestInterrupted, match="shard 0, 1, 2 didn't say"):
        await gateway.ask(Purge(), timeout_s=0.2)
