"""The stream of payments and its consumers: made by whoever comes first, never altered, refused if they differ."""

from __future__ import annotations

import asyncio
import logging
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from nats.errors import Error as NatsError
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import BadRequestError, NotFoundError, ServiceUnavailableError

from rinha.jetstream.names import STREAM, SUBJECTS, consumer, subject

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext
    from nats.js.api import StreamInfo

    from rinha.net.nats_url import NatsUrl

logger = logging.getLogger(__name__)

RETRY_S = 0.5
MAX_BYTES = 2**30
"""Some 30 million payments in full messages. No ``max_msgs`` beside it: nats-server#4771."""
ACK_WAIT_S = 5.0
MAX_ACK_PENDING = 64
DUPLICATE_WINDOW_S = 0.1
"""The server's least. The id in the shard's journal is the barrier, and has no window."""

SHARDS, JOURNAL = "shards", "journal-"
"""Of the stream's metadata: how many shards it was made for, and each shard's journal."""


class StreamDiffers(Exception):
    """What there is isn't what this program would have made. Nothing was changed; the text says how to go on."""


class JetStreamOff(Exception):
    """The server has no JetStream."""

    def __init__(self) -> None:
        super().__init__("the NATS server's JetStream is off: start it with config/nats.conf, or with -js")


class OpenStream(NamedTuple):
    """A stream that is there.

    Args:
        context: speaks with JetStream.
        created: when it was made, as text: one made anew has another.
    """

    context: JetStreamContext
    created: str


async def open_patiently(client: Client, url: NatsUrl, *, shards: int, replicas: int) -> OpenStream:
    """As ``open_stream``, again and again while the server doesn't answer.

    Raises:
        StreamDiffers, JetStreamOff: as there; the log has it, too.
    """
    while True:
        try:
            return await open_stream(client, shards=shards, replicas=replicas)
        except (OSError, NatsError) as error:
            logger.warning("nats.stream_away", extra={"servers": str(url), "reason": str(error)})
            await asyncio.sleep(RETRY_S)
        except (StreamDiffers, JetStreamOff) as error:
            logger.critical("nats.stream_refused", extra={"servers": str(url), "reason": str(error)})
            raise


async def open_stream(client: Client, *, shards: int, replicas: int = 1) -> OpenStream:
    """Make the stream and a consumer for each shard, where they aren't there.

    Args:
        client: connected.
        shards: how many.
        replicas: on so many servers.

    Raises:
        StreamDiffers: there is one for another number of shards, or that keeps payments otherwise.
        JetStreamOff: the server has none.
        nats.errors.Error: it didn't answer.
    """
    context = client.jetstream()
    try:
        info = await _stream(context, shards, replicas)
    except ServiceUnavailableError:
        raise JetStreamOff from None
    _compare(info, shards, replicas)
    for shard in range(shards):
        await _consumer(context, shard)
    return OpenStream(context, "" if info.created is None else str(info.created))


async def note_journal(context: JetStreamContext, shard: int, journal_id: bytes) -> None:
    """Note which journal a shard has, the first time; compare it from then on.

    Raises:
        StreamDiffers: it had another one.
    """
    key, journal = f"{JOURNAL}{shard}", str(UUID(bytes=journal_id))
    while True:
        config = (await context.stream_info(STREAM)).config
        metadata = config.metadata or {}
        if key in metadata:
            break
        # Read again, because another shard's relay may write at the same time, and the last one wins.
        await context.update_stream(config.evolve(metadata={**metadata, key: journal}))
    known = metadata[key]
    if known != journal:
        raise StreamDiffers(
            f"shard {shard} of the stream {STREAM} belongs to the journal {known}, this worker has {journal}: give it "
            f"that one; if that is lost for good, say so by `nats stream edit {STREAM} --metadata {key}={journal}`"
        )


async def _stream(context: JetStreamContext, shards: int, replicas: int) -> StreamInfo:
    try:
        return await context.stream_info(STREAM)
    except NotFoundError:
        pass
    config = StreamConfig(
        name=STREAM,
        subjects=[SUBJECTS],
        storage=StorageType.FILE,
        retention=RetentionPolicy.WORK_QUEUE,
        discard=DiscardPolicy.NEW,
        max_bytes=MAX_BYTES,
        num_replicas=replicas,
        duplicate_window=DUPLICATE_WINDOW_S,
        metadata={SHARDS: str(shards)},
    )
    try:
        return await context.add_stream(config)
    except BadRequestError:  # somebody else was first
        return await context.stream_info(STREAM)


def _compare(info: StreamInfo, shards: int, replicas: int) -> None:
    config = info.config
    made_for = (config.metadata or {}).get(SHARDS, "an unknown number of")
    if made_for != str(shards):
        raise StreamDiffers(
            f"the stream {STREAM} was made for {made_for} shards, and RINHA_SHARDS is {shards}: set it to what the "
            "stream was made for; docs/scale.md says how to begin anew with another number"
        )
    wanted = {
        "subjects": [SUBJECTS],
        "storage": StorageType.FILE,
        "retention": RetentionPolicy.WORK_QUEUE,
        "discard": DiscardPolicy.NEW,
        "num_replicas": replicas,
    }
    found = {name: getattr(config, name) for name in wanted}
    differing = [
        f"{name} is {found[name]}, not {_plain(wanted[name])}" for name in wanted if found[name] != wanted[name]
    ]
    if differing:
        raise StreamDiffers(f"the stream {STREAM} is not as it must be ({'; '.join(differing)}); it was left as it is")


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


async def _consumer(context: JetStreamContext, shard: int) -> None:
    name = consumer(shard)
    try:
        config = (await context.consumer_info(STREAM, name)).config
    except NotFoundError:
        wanted = ConsumerConfig(
            durable_name=name,
            filter_subject=subject(shard),
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_ack_pending=MAX_ACK_PENDING,
        )
        config = (await context.add_consumer(STREAM, wanted)).config
    if (config.filter_subject, config.ack_policy) != (subject(shard), AckPolicy.EXPLICIT):
        raise StreamDiffers(f"the consumer {name} of the stream {STREAM} is not as it must be; it was left as it is")
