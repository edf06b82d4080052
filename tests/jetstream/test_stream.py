"""The stream and its consumers, at a real server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from nats.js.api import RetentionPolicy

from rinha.jetstream.connect import connect
from rinha.jetstream.names import STREAM
from rinha.jetstream.stream import JetStreamOff, StreamDiffers, note_journal, open_stream
from rinha.net.nats_url import parse_nats_url
from tests.support.nats import nats_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from nats.aio.client import Client

    from tests.support.nats import NatsServer


@pytest.fixture
async def client(server: NatsServer) -> AsyncIterator[Client]:
    client = await connect(parse_nats_url(server.url), "test")
    yield client
    await client.close()


async def test_whoever_comes_first_makes_it_and_the_others_find_it(client: Client) -> None:
    found = await asyncio.gather(*(open_stream(client, shards=3) for _ in range(4)))
    assert len({each.created for each in found}) == 1
    context = found[0].context
    config = (await context.stream_info(STREAM)).config
    assert (config.retention, config.max_msgs, config.max_bytes) == (RetentionPolicy.WORK_QUEUE, -1, 2**30)
    for shard in range(3):
        consumer = (await context.consumer_info(STREAM, f"shard-{shard}")).config
        assert (consumer.ack_wait, consumer.max_ack_pending, consumer.max_deliver) == (5.0, 64, -1)


async def test_another_number_of_shards_is_refused(client: Client) -> None:
    await open_stream(client, shards=3)
    with pytest.raises(StreamDiffers, match="was made for 3 shards, and RINHA_SHARDS is 2"):
        await open_stream(client, shards=2)


async def test_a_stream_of_somebody_else_is_left_as_it_is(client: Client) -> None:
    context = client.jetstream()
    await context.add_stream(name=STREAM, subjects=["payments.*"], metadata={"shards": "1"})
    with pytest.raises(StreamDiffers, match="retention is limits, not workqueue"):
        await open_stream(client, shards=1)
    assert (await context.stream_info(STREAM)).config.retention == "limits"


async def test_a_shard_keeps_its_journal(client: Client) -> None:
    context = (await open_stream(client, shards=3)).context
    await asyncio.gather(*(note_journal(context, shard, bytes([shard]) * 16) for shard in range(3)))
    for shard in range(3):
        await note_journal(context, shard, bytes([shard]) * 16)
    with pytest.raises(StreamDiffers, match="shard 1 of the stream PAYMENTS belongs to the journal 01010101-"):
        await note_journal(context, 1, b"x" * 16)


async def test_a_stream_that_was_made_anew_is_another_one(client: Client) -> None:
    first = await open_stream(client, shards=1)
    await first.context.delete_stream(STREAM)
    assert (await open_stream(client, shards=1)).created != first.created


async def test_a_server_without_jetstream_is_named(tmp_path: Path) -> None:
    with nats_server(tmp_path, jetstream=False) as server:
        client = await connect(parse_nats_url(server.url), "test")
        with pytest.raises(JetStreamOff, match=r"config/nats\.conf"):
            await open_stream(client, shards=1)
        await client.close()
